using System.Net;
using System.Security.Cryptography;
using MiniMind.Coordinator.Grains;
using MiniMind.Text;

namespace MiniMind.Coordinator.Downloads;

/// <summary>A file that is being downloaded, and the note beside it. Disposed, it keeps only what a later process can go on with.</summary>
internal sealed class PartialFile : IDisposable
{
    /// <summary>What the name of a file ends with while it is not whole.</summary>
    public const string Ending = ".partial";

    private readonly string _path;
    private readonly Uri _address;
    private readonly Action<string> _tell;
    private readonly Func<string, FileStream> _open;
    private FileStream? _file;

    // What is there came over more than one connection.
    private bool _resumed;

    /// <param name="path">Name of the file once it is whole.</param>
    /// <param name="address">Where it comes from.</param>
    /// <param name="tell">Hears why what had come is removed.</param>
    /// <param name="open">Opens a file for writing at its end.</param>
    public PartialFile(string path, Uri address, Action<string> tell, Func<string, FileStream> open)
    {
        (_path, _address, _tell, _open) = (path, address, tell, open);
        Length = Reached = KeptBytes(path, address);
        if (Length > 0) (Note, _resumed) = (DownloadNote.Read(NotePath), true);
    }

    /// <summary>What it is a part of; null before the first answer.</summary>
    public DownloadNote? Note { get; private set; }

    /// <summary>Bytes that are there.</summary>
    public long Length { get; private set; }

    /// <summary>The most bytes that have ever been there: beginning anew does not lower it.</summary>
    public long Reached { get; private set; }

    /// <summary>First byte to ask for.</summary>
    public long Position => Note is { CanResume: true } ? Length : 0;

    public bool IsTooLong => Length > Note?.Size;

    /// <summary>For people: what stays when the download ends here.</summary>
    public string Fate => Position > 0 ? "what has come is kept, and the same command goes on" : "nothing of it is kept";

    private string PartialPath => _path + Ending;

    private string NotePath => PartialPath + ".json";

    /// <summary>Without a buffer: what was appended is in the file, and closing writes nothing.</summary>
    public static FileStream OpenAtEnd(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>Bytes that an earlier download from this address has left to go on with.</summary>
    public static long KeptBytes(string path, Uri address)
    {
        var part = new FileInfo(path + Ending);
        return part.Exists && DownloadNote.Read(part.FullName + ".json") is { CanResume: true } note && note.Address == address.ToString() ? part.Length : 0;
    }

    /// <summary>An answer begins: a part goes on where this one ends, the whole begins anew.</summary>
    /// <exception cref="NoProgressException">It is a part of something else, or another one. What had come is removed.</exception>
    /// <exception cref="InputException">The disk has too little space.</exception>
    public async Task BeginAsync(HubAnswer answer)
    {
        if (answer.Response.StatusCode != HttpStatusCode.PartialContent) await BeginAnewAsync(answer);
        else if (Difference(answer) is { } difference) throw Discard(difference);
        else _resumed = true;
        _file ??= _open(PartialPath);
    }

    /// <summary>The server has no more than is there.</summary>
    /// <exception cref="NoProgressException">This is not the whole. What had come is removed.</exception>
    public void RequireWhole(HubAnswer answer)
    {
        if (Length != Note!.Size || (answer.Sha256 ?? Note.Sha256) != Note.Sha256) throw Discard($"the server has nothing behind the first {Length:N0} bytes");
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _file!.Write(bytes);
        Length += bytes.Length;
        Reached = Math.Max(Reached, Length);
    }

    /// <summary>Verifies the whole, and gives it its name.</summary>
    /// <exception cref="NoProgressException">Parts that came one by one are not the content. They are removed.</exception>
    /// <exception cref="RunFailedException">What came at once is not the content. It is removed.</exception>
    public async Task<DownloadedFile> CompleteAsync(CancellationToken ct)
    {
        _file?.Flush(flushToDisk: true);
        Close();
        string sha;
        await using (var file = File.OpenRead(PartialPath)) sha = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
        var note = Note!;
        string? fault = note.Size is { } size && size != Length ? $"expected {size:N0} bytes, found {Length:N0}"
            : note.Sha256 is { } expected && expected != sha ? $"expected SHA-256 {expected}, found {sha}" : null;
        if (fault is null)
        {
            File.Move(PartialPath, _path, overwrite: true);
            File.Delete(NotePath);
            return new DownloadedFile(sha, Verified: note.Sha256 is not null);
        }

        fault = $"the content is not what the hub says it is: {fault}";
        if (_resumed) throw Discard(fault);
        Remove();
        throw new RunFailedException($"{_address}: {fault}. It was removed; try again, or take another hub");
    }

    public void Dispose()
    {
        Close();
        if (Note is { CanResume: false }) Quietly(() => File.Delete(PartialPath));
    }

    private async Task BeginAnewAsync(HubAnswer answer)
    {
        if (File.Exists(PartialPath))
        {
            Discard(Note is null ? $"{PartialPath} is of another download"
                : !Note.CanResume ? "the hub does not say enough of the content (tag, size, hash) to go on with a part"
                : "the server sends the whole file: the content has changed, or it knows no parts");
        }
        else Remove();

        Note = DownloadNote.Of(_address, answer);
        RequireSpace(Note.Size);
        if (Note.CanResume) await Note.SaveAsync(NotePath);
    }

    /// <summary>Why an answer does not go on where this part ends; null: it does.</summary>
    private string? Difference(HubAnswer answer)
    {
        var range = answer.Response.Content.Headers.ContentRange;
        if (range?.From != Length) return $"expected the bytes from {Length} on, the server sent {range?.ToString() ?? "no range"}";
        var found = DownloadNote.Of(_address, answer);
        return found == Note ? null : $"the content has changed: expected {Note}, found {found}";
    }

    private NoProgressException Discard(string reason)
    {
        Remove();
        _tell($"{reason}; what had come was removed, the download begins anew");
        return new NoProgressException(reason);
    }

    private void Remove()
    {
        Close();
        File.Delete(PartialPath);
        File.Delete(NotePath);
        (Note, Length, _resumed) = (null, 0, false);
    }

    /// <summary>Ends writing, however often; what is there stays.</summary>
    private void Close()
    {
        var file = _file;
        _file = null;
        if (file is not null) Quietly(file.Dispose);
    }

    /// <summary>For work that comes after the last byte is safe, or after a fault, which must not be hidden by another one.</summary>
    private static void Quietly(Action work)
    {
        try
        {
            work();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Nothing of what is wanted depends on it.
        }
    }

    private void RequireSpace(long? size)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(_path))!;
        long free = new DriveInfo(folder).AvailableFreeSpace;
        if (size > free) throw new InputException($"{folder}: the file needs {size:N0} bytes, {free:N0} are free; free some space, or choose another folder with --out");
    }
}
