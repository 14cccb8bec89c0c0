using System.Security.Cryptography;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Downloads;

/// <summary>A file that is being downloaded, and the note beside it.</summary>
internal sealed class PartialFile
{
    private readonly string _path;
    private readonly Uri _address;
    private FileStream? _file;

    public PartialFile(string path, Uri address)
    {
        (_path, _address) = (path, address);
        Note = DownloadNote.Read(NotePath);
        // A part of something else, or of who knows what, is none.
        if (Note is null || Note.Address != address.ToString()) Remove();
    }

    /// <summary>What it is a part of; null before the first answer.</summary>
    public DownloadNote? Note { get; private set; }

    /// <summary>Bytes that are there.</summary>
    public long Length => _file?.Length ?? (File.Exists(PartialPath) ? new FileInfo(PartialPath).Length : 0);

    public bool IsWhole => Note?.Size is { } size && Length == size;

    private string PartialPath => _path + ".partial";

    private string NotePath => PartialPath + ".json";

    /// <summary>An answer begins.</summary>
    /// <param name="answer">Says what the content is.</param>
    /// <param name="goesOn">It begins behind what is there; otherwise at the beginning.</param>
    public async Task BeginAsync(HubAnswer answer, bool goesOn)
    {
        var headers = answer.Response.Content.Headers;
        if (goesOn)
        {
            if (headers.ContentRange?.From != Length || (Note?.Size is { } known && headers.ContentRange.Length is { } total && total != known))
                throw new HttpRequestException($"the server sent bytes {headers.ContentRange}, expected those from {Length}");
        }
        else
        {
            Close();
            File.Delete(PartialPath);
            long? size = answer.Size ?? headers.ContentLength;
            RequireSpace(size);
            Note = new DownloadNote(_address.ToString(), answer.Response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : null, size, answer.Sha256);
            await Note.SaveAsync(NotePath);
        }

        _file ??= new FileStream(PartialPath, FileMode.Append, FileAccess.Write, FileShare.Read, 1 << 18);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _file!.Write(bytes);
        }
        catch (IOException fault) when (DiskFull.IsCause(fault))
        {
            throw DiskFull.Explain(Path.GetDirectoryName(Path.GetFullPath(_path))!, fault);
        }
    }

    public void Flush() => _file?.Flush(flushToDisk: true);

    /// <summary>Verifies the whole, and gives it its name.</summary>
    public async Task<string> CompleteAsync(CancellationToken ct)
    {
        Flush();
        Close();
        long length = Length;
        string sha;
        await using (var file = File.OpenRead(PartialPath)) sha = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
        string? fault = Note!.Size is { } size && size != length ? $"expected {size:N0} bytes, found {length:N0}"
            : Note.Sha256 is { } expected && expected != sha ? $"expected SHA-256 {expected}, found {sha}" : null;
        if (fault is not null)
        {
            Remove();
            throw new RunFailedException($"{_address}: the content is not what the hub says it is: {fault}. It was removed; try again, or take another hub");
        }

        File.Move(PartialPath, _path, overwrite: true);
        File.Delete(NotePath);
        return sha;
    }

    /// <summary>Ends writing; what is there stays.</summary>
    public void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>Nothing is there any more.</summary>
    public void Remove()
    {
        Close();
        File.Delete(PartialPath);
        File.Delete(NotePath);
        Note = null;
    }

    private void RequireSpace(long? size)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(_path))!;
        long free = new DriveInfo(folder).AvailableFreeSpace;
        if (size > free) throw new InputException($"{folder}: the file needs {size:N0} bytes, {free:N0} are free; free some space, or choose another folder with --out");
    }
}
