using System.Text.Json;
using System.Text.RegularExpressions;
using MiniMind.Coordinator.ToyWorld;

namespace MiniMind.Coordinator.Tests.ToyWorld;

/// <summary>One world with the quickstart's options, written once and read back as a user would: only through its files.</summary>
public sealed partial class GeneratedWorld : IDisposable
{
    public GeneratedWorld()
    {
        Folder = Path.Combine(Path.GetTempPath(), $"toy-world-{Guid.NewGuid():N}");
        Summary = ToyWorldWriter.Write(Folder, seed: 1);
        Questions = [.. Lines("questions.jsonl").Select(line => new Question(
            Text(line, "question"), Text(line, "answer"), Text(line, "kind"), Text(line, "language"), Text(line, "relation")))];
        Prose = [.. Lines("pretrain.jsonl").Select(line => Text(line, "text"))];
        Names = [.. Prose.SelectMany(text => Naming().Matches(text)).SelectMany(names => new[] { names.Groups["en"].Value, names.Groups["zh"].Value }).Distinct()];
        Dialogues = [.. Lines("sft.jsonl").Select(line => Messages(line, "conversations"))];
    }

    public string Folder { get; }

    public ToyWorldSummary Summary { get; }

    public IReadOnlyList<Question> Questions { get; }

    public IReadOnlyList<string> Prose { get; }

    /// <summary>Of all entities in both languages, as the prose introduces them.</summary>
    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<IReadOnlyList<Turn>> Dialogues { get; }

    public IEnumerable<JsonElement> Lines(string file) =>
        File.ReadLines(Path.Combine(Folder, file)).Select(line => JsonDocument.Parse(line).RootElement);

    public static IReadOnlyList<Turn> Messages(JsonElement line, string property) =>
        [.. line.GetProperty(property).EnumerateArray().Select(message => new Turn(Text(message, "role"), Text(message, "content")))];

    public static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    public static bool IsChinese(string text) => ChineseLetter().IsMatch(text);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    [GeneratedRegex(@"\p{IsCJKUnifiedIdeographs}")]
    private static partial Regex ChineseLetter();

    [GeneratedRegex(@"The Chinese name of (?<en>\w+) is (?<zh>\w+)\.|(?<=^|。)(?<zh>\w+)的英文名是(?<en>\w+)。")]
    private static partial Regex Naming();

    public sealed record Turn(string Role, string Content);

    public sealed record Question(string Text, string Answer, string Kind, string Language, string Relation);
}
