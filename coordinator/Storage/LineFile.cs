namespace MiniMind.Coordinator.Storage;

/// <summary>Files of lines that are only appended to.</summary>
internal static class LineFile
{
    private const int Block = 4096;

    /// <summary>
    /// Drops last lines that a crash or a full disk left unfinished, so that the next one does not grow onto them; what stays is on the disk. Nothing happens when
    /// there is no file. A power cut may leave a line's end without its middle: zeros are there then, which no line holds.
    /// </summary>
    public static void DropUnfinishedLine(string path, IDisk? disk = null)
    {
        disk ??= SystemDisk.Instance;
        if (!disk.FileExists(path)) return;
        long complete, length;
        using (var file = disk.OpenRead(path)) (complete, length) = (EndOfLastLine(file), file.Length);
        // What has grown since is somebody's who lives.
        if (complete < length && disk.SizeOf(path) == length) disk.Truncate(path, complete);
        // Whoever wrote the rest may have been killed before it was flushed, and the next one relies on it.
        using (var file = disk.Append(path)) disk.Flush(file);
        disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>The lines of a file's text that are complete; how <see cref="DropUnfinishedLine"/> sees it, without changing anything.</summary>
    public static string[] Complete(string text)
    {
        var lines = text.Split('\n')[..^1];
        while (lines is [.., var last] && last.Contains('\0')) lines = lines[..^1];
        return lines;
    }

    private static long EndOfLastLine(Stream file)
    {
        var end = EndOfLine(file, file.Length);
        while (end > 0)
        {
            var start = EndOfLine(file, end - 1);
            if (!HoldsZero(file, start, end)) break;
            end = start;
        }
        return end;
    }

    /// <summary>Behind the last end of a line before a place; 0 when there is none.</summary>
    private static long EndOfLine(Stream file, long before)
    {
        var buffer = new byte[Block];
        for (var end = before; end > 0;)
        {
            var start = Math.Max(0, end - Block);
            file.Position = start;
            file.ReadExactly(buffer, 0, (int)(end - start));
            var newline = Array.LastIndexOf(buffer, (byte)'\n', (int)(end - start) - 1);
            if (newline >= 0) return start + newline + 1;
            end = start;
        }
        return 0;
    }

    private static bool HoldsZero(Stream file, long start, long end)
    {
        var line = new byte[end - start];
        file.Position = start;
        file.ReadExactly(line);
        return line.AsSpan().Contains((byte)0);
    }
}
