using System.Runtime.InteropServices;
using System.Text;

namespace MiniMind.Worker.CommandLine;

/// <summary>
/// Where a training worker writes: to its output, which whoever started it keeps in a file. Once that process is gone nobody reads the output any more;
/// from then on the lines go to the end of that file directly. A log that cannot be written ends nothing.
/// </summary>
/// <param name="output">The output.</param>
/// <param name="file">The file that the starting process writes; null: there is none.</param>
internal sealed partial class WorkerLog(TextWriter output, string? file) : TextWriter
{
    private readonly int _parent = Parent();

    public override Encoding Encoding => output.Encoding;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value)
    {
        try
        {
            if (file is null || Parent() == _parent) output.Write(value);
            else File.AppendAllText(file, value);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The work matters more than what is told of it.
        }
    }

    public override void WriteLine(string? value) => Write(value + Environment.NewLine);

    public override void WriteLine(object? value) => WriteLine(value?.ToString());

    public override void Flush() => output.Flush();

    /// <summary>Who started this process, or inherited it; always the same where that cannot be asked.</summary>
    private static int Parent() => OperatingSystem.IsWindows() ? 0 : GetParent();

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();
}
