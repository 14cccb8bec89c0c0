using MiniMind.Text;

namespace MiniMind.Coordinator.Storage;

/// <summary>Files that a user asked a verb to write.</summary>
internal static class OutputFiles
{
    /// <summary>Refuses what would destroy something, before any work is done.</summary>
    /// <param name="outputs">Each is written by its own; the options that name them, and their paths.</param>
    /// <param name="inputs">Are read.</param>
    /// <param name="force">Whether files that are there may be replaced.</param>
    /// <exception cref="InputException">An output is one of the inputs, or another output, or there already, or cannot be written.</exception>
    public static void Require(IReadOnlyList<(string Option, string Path)> outputs, IEnumerable<string> inputs, bool force)
    {
        var read = inputs.Select(Path.GetFullPath).ToHashSet();
        var written = new HashSet<string>();
        foreach (var (option, output) in outputs)
        {
            string path = Path.GetFullPath(output);
            if (read.Contains(path)) throw new InputException($"{output}: expected another file than those that are read");
            if (!written.Add(path)) throw new InputException($"{output}: expected different files to write to, found one twice");
            if (File.Exists(path) && !force) throw new InputException($"{output} is there already: give --force to replace it, or another name");
            OutputPlace.RequireFile(output, option);
        }
    }
}
