using System.Text;

namespace MiniMind.Coordinator.Storage;

/// <summary>Files of lines that are only appended to.</summary>
internal static class LineFile
{
    private const int Block = 4096;

    /// <summary>Drops a last line that a crash or a full disk left unfinished, so that the next one does not grow onto it. Nothing happens when there is none.</summary>
    public static void DropUnfinishedLine(string path)
    {
        if (!File.Exists(path)) return;
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var complete = EndOfLastLine(file);
        if (complete == file.Length) return;
        file.SetLength(complete);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Appends a line; it would survive a power cut when this returns.</summary>
    public static void Append(string path, string line)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        file.Flush(flushToDisk: true);
    }

    private static long EndOfLastLine(FileStream file)
    {
        var buffer = new byte[Block];
        for (var end = file.Length; end > 0;)
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
}
