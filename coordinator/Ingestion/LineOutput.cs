using System.IO.Compression;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>A data file that is written line by line, compressed as its name says. It has its name when it is whole, and not before.</summary>
internal sealed class LineOutput : IDisposable
{
    private readonly string _path;
    private readonly string _partial;
    private readonly FileStream _file;
    private readonly Stream _lines;
    private bool _published;

    /// <exception cref="InputException">The name is that of a text file: lines are JSON.</exception>
    public LineOutput(string path)
    {
        RequireJson(path);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _path = path;
        _partial = $"{path}.{Guid.NewGuid():N}.tmp";
        _file = new FileStream(_partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        _lines = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".gz" or ".gzip" => new GZipStream(_file, CompressionLevel.Optimal, leaveOpen: true),
            ".zst" or ".zstd" => new ZstdSharp.CompressionStream(_file, leaveOpen: true),
            _ => _file,
        };
    }

    /// <summary>Lines so far.</summary>
    public long Count { get; private set; }

    /// <exception cref="InputException">The name is that of a text file: lines are JSON.</exception>
    public static void RequireJson(string path)
    {
        if (DataFile.IsPlainText(path)) throw new InputException($"{path}: lines are written as JSON; expected a name such as clean.jsonl, not one of a text file");
    }

    /// <summary>Writes a line as it is, and the end of it.</summary>
    public void Add(RawLine line)
    {
        _lines.Write(line.Bytes.Span);
        _lines.WriteByte((byte)'\n');
        Count++;
    }

    /// <summary>Nothing more comes: afterwards all of it is on the disk, but under a temporary name.</summary>
    public void Finish()
    {
        if (_lines != _file) _lines.Dispose();
        _file.Flush(flushToDisk: true);
        _file.Dispose();
    }

    /// <summary>Gives a finished file its name.</summary>
    public void Publish()
    {
        SystemDisk.Instance.Publish(_partial, _path);
        _published = true;
    }

    /// <summary>Gives two finished files their names; should one fail, neither has it, and what was there before is there again.</summary>
    public static void Publish(LineOutput first, LineOutput last)
    {
        string aside = $"{first._path}.{Guid.NewGuid():N}.tmp";
        bool replaces = File.Exists(first._path);
        if (replaces) File.Move(first._path, aside);
        try
        {
            first.Publish();
            last.Publish();
        }
        catch
        {
            first.Withdraw();
            if (replaces) File.Move(aside, first._path);
            throw;
        }

        if (replaces) File.Delete(aside);
    }

    private void Withdraw()
    {
        if (!_published) return;
        File.Move(_path, _partial);
        _published = false;
    }

    /// <summary>What was not published is removed.</summary>
    public void Dispose()
    {
        if (_published) return;
        try
        {
            if (_lines != _file) _lines.Dispose();
            _file.Dispose();
        }
        catch (IOException)
        {
            // What could not be written is not wanted any more, and must not hide why it is not.
        }
        finally
        {
            File.Delete(_partial);
        }
    }
}
