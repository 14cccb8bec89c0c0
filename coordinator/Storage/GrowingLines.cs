using System.Text;

namespace MiniMind.Coordinator.Storage;

/// <summary>
/// A file of lines that grows while it is read: also by another process, which may still write although its work was given to this one.
/// </summary>
internal sealed class GrowingLines(string path, IDisk disk)
{
    private long _read;

    /// <summary>How many lines were read or appended, so far.</summary>
    public int Count { get; private set; }

    /// <summary>All lines, oldest first. What a crash left unfinished at the end is dropped from the file; the rest is on the disk from then on.</summary>
    public IReadOnlyList<string> ReadAll()
    {
        LineFile.DropUnfinishedLine(path, disk);
        (_read, Count) = (0, 0);
        return ReadNew();
    }

    /// <summary>The complete lines that others have appended since, oldest first.</summary>
    public IReadOnlyList<string> ReadNew()
    {
        if (disk.SizeOf(path) is not { } size || size <= _read) return [];
        var bytes = new byte[size - _read];
        using (var file = disk.OpenRead(path))
        {
            file.Position = _read;
            file.ReadExactly(bytes);
        }
        var complete = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        _read += complete;
        var lines = Encoding.UTF8.GetString(bytes, 0, complete).Split('\n')[..^1];
        Count += lines.Length;
        return lines;
    }

    /// <summary>Appends a line, unless others have appended some that were not read yet; it would survive a power cut when this returns.</summary>
    /// <returns>False: those are to be read first.</returns>
    /// <exception cref="IOException">The disk fails, or somebody left the last line unfinished.</exception>
    public bool TryAppend(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        var isNew = !disk.FileExists(path);
        using (var file = disk.Append(path))
        {
            if (file.Length != _read)
            {
                RequireWholeLines();
                return false;
            }
            file.Write(bytes);
            disk.Flush(file);
        }
        if (isNew) disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        (_read, Count) = (_read + bytes.Length, Count + 1);
        return true;
    }

    private void RequireWholeLines()
    {
        using var file = disk.OpenRead(path);
        file.Position = file.Length - 1;
        if (file.ReadByte() != '\n') throw new IOException($"{path}: expected whole lines, found the last one unfinished; --resume drops it and goes on");
    }
}
