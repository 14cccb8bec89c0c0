using System.IO.Compression;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Doctor;

/// <summary>The lines that are worth keeping, in order, compressed as the file's name says. The file appears when it is complete; otherwise nothing does.</summary>
internal sealed class CleanFile : IDisposable
{
    private readonly string _path;
    private readonly string _partial;
    private readonly FileStream _file;
    private readonly Stream _lines;
    private bool _complete;

    /// <exception cref="InputException">It is one of the inputs, or there already.</exception>
    public CleanFile(string path, IReadOnlyList<string> inputs, bool force)
    {
        if (inputs.Any(input => Path.GetFullPath(input) == Path.GetFullPath(path))) throw new InputException($"{path}: expected another file than the one that is read");
        if (DataFile.IsPlainText(path)) throw new InputException($"{path}: lines are written as JSON; expected a name such as clean.jsonl, not one of a text file");
        if (File.Exists(path) && !force) throw new InputException($"{path} is there already: give --force to replace it, or another name");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _path = path;
        _partial = $"{path}.{Guid.NewGuid():N}.tmp";
        _file = new FileStream(_partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        _lines = Path.GetExtension(path) is ".gz" or ".gzip" ? new GZipStream(_file, CompressionLevel.Optimal, leaveOpen: true)
            : Path.GetExtension(path) is ".zst" or ".zstd" ? new ZstdSharp.CompressionStream(_file, leaveOpen: true) : _file;
    }

    public long Count { get; private set; }

    public void Add(RawLine line)
    {
        _lines.Write(line.Bytes.Span);
        _lines.WriteByte((byte)'\n');
        Count++;
    }

    public void Complete()
    {
        if (_lines != _file) _lines.Dispose();
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_partial, _path, overwrite: true);
        _complete = true;
    }

    public void Dispose()
    {
        if (_complete) return;
        if (_lines != _file) _lines.Dispose();
        _file.Dispose();
        File.Delete(_partial);
    }
}
