using MiniMind.Coordinator.RunFiles;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>What kind of data a file seems to hold.</summary>
internal static class DataKind
{
    private const int LinesToGuessFrom = 100;

    /// <summary>The kind that the first lines of a file show, one of <see cref="DocumentEncoders.Kinds"/>; null when they show none.</summary>
    /// <exception cref="MiniMind.Text.InputException">The file is missing, empty or damaged.</exception>
    public static string? Guess(string path) =>
        JsonLines.Read(path).Take(LinesToGuessFrom).Where(line => line.Fault is null).Select(line => DocumentForms.KindOf(line.Value)).FirstOrDefault(found => found is not null);

    /// <summary>What to do with a file that looks like data of another kind than was expected; null when it does not.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">One of <see cref="DocumentEncoders.Kinds"/>.</param>
    public static string? Mistake(string path, string expected)
    {
        if (Guess(path) is not { } found || found == expected) return null;
        string use = StageKinds.All.Contains(found) ? $"name it in a stage of the kind {found}" : $"there is no {found} stage yet";
        return $"{path} looks like {found} data ({FieldsOf(found)}), not like {expected} data ({FieldsOf(expected)}): {use}, or name another file";
    }

    private static string FieldsOf(string kind) => kind switch
    {
        "sft" => "conversations",
        "dpo" => "chosen and rejected",
        _ => "text",
    };
}
