using System.Text.Json;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Worker.Evaluation;

/// <summary>One question with its right answer, as a line of a questions file: {"question", "answer", "kind"?, "language"?, "accept"?}.</summary>
internal sealed record Question(string Text, string Answer, string Kind, IReadOnlyList<string> Accept)
{
    /// <summary>FILE:LINE, for messages; empty when it comes from no file.</summary>
    public string Place { get; init; } = "";

    /// <summary>Reads a questions file.</summary>
    /// <exception cref="InputException">Names file, line and field.</exception>
    public static IReadOnlyList<Question> Read(string path)
    {
        var questions = new List<Question>();
        foreach (var line in JsonLines.Read(path))
            questions.Add(line.Fault is { } fault ? throw new InputException($"{path}:{line.Number}: {fault}") : Parse(line.Value, $"{path}:{line.Number}"));
        return questions.Count > 0 ? questions : throw new InputException($"{path}: expected questions, found blank lines only");
    }

    /// <summary>Whether an answer is the right one: equal, apart from white space at its ends.</summary>
    public bool IsAnswered(string answer) => answer.Trim() == Answer.Trim() || Accept.Any(other => other.Trim() == answer.Trim());

    private static Question Parse(JsonElement root, string place)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new InputException($"{place}: expected a JSON object with question and answer, found {root.ValueKind}");
        return new Question(Field(root, "question", place), Field(root, "answer", place), Optional(root, "kind", place), Accepted(root, place)) { Place = place };
    }

    private static string Field(JsonElement root, string name, string place) =>
        root.TryGetProperty(name, out var value) ? TextOf(value, name, place) : throw new InputException($"{place}: expected a text in \"{name}\", found none");

    private static string Optional(JsonElement root, string name, string place) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? TextOf(value, name, place) : "";

    private static IReadOnlyList<string> Accepted(JsonElement root, string place)
    {
        const string name = "accept";
        if (!root.TryGetProperty(name, out var list) || list.ValueKind == JsonValueKind.Null) return [];
        if (list.ValueKind != JsonValueKind.Array) throw new InputException($"{place}: expected a list of texts in \"{name}\", found {list.ValueKind}");
        return [.. list.EnumerateArray().Select((item, index) => TextOf(item, $"{name}[{index}]", place))];
    }

    private static string TextOf(JsonElement value, string name, string place)
    {
        if (value.ValueKind != JsonValueKind.String) throw new InputException($"{place}: expected a text in \"{name}\", found {value.ValueKind}");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException fault)
        {
            throw new InputException($"{place}: expected Unicode in \"{name}\", found half of a surrogate pair", fault);
        }
    }
}
