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

    /// <summary>The complete lines that others have written since this file was last read, oldest first; one's own among them where both wrote at once.</summary>
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

    /// <summary>Appends a line; it would survive a power cut when this returns.</summary>
    public void Append(string line)
    {
        var before = disk.SizeOf(path) ?? 0;
        LineFile.Append(path, line, disk);
        var after = before + Encoding.UTF8.GetByteCount(line) + 1;
        if (before == _read && disk.SizeOf(path) == after) (_read, Count) = (after, Count + 1);
    }
}
