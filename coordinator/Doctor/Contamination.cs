using System.Text;
using System.Text.Json;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Doctor;

/// <summary>
/// What training data shares with an evaluation file: runs of 13 words, as for GPT-3 (Brown et al. 2020, appendix C), where a Han character counts as a word; of a shorter
/// item the whole, from its first word to its last. Case and punctuation do not count.
/// </summary>
internal sealed class Contamination
{
    private const int RunLength = 13;

    /// <summary>Fewer words are found everywhere.</summary>
    private const int LeastWords = 3;

    private readonly Dictionary<ulong, List<int>> _itemsOfRun = [];
    private readonly bool[] _hasLength = new bool[RunLength + 1];
    private readonly HashSet<int> _touched = [];

    private Contamination()
    {
    }

    /// <summary>Items of the evaluation file that can be compared.</summary>
    public int Items { get; private set; }

    /// <summary>Items that are too short to be compared.</summary>
    public int TooShort { get; private set; }

    /// <summary>Items of which a run occurs in the data.</summary>
    public int ItemsTouched => _touched.Count;

    /// <summary>Lines of the data that share a run with an item.</summary>
    public long Lines { get; private set; }

    /// <param name="path">Questions (of a line question and answer are the item, as they follow each other in a dialogue), JSONL of another kind (all strings in a line), or text, a line an item.</param>
    /// <exception cref="InputException">The file is missing, damaged or empty.</exception>
    public static Contamination Read(string path)
    {
        var found = new Contamination();
        int item = 0;
        using var file = DataFile.Open(path);
        foreach (var line in file.Lines())
        {
            var words = Words(ItemText(line, path)).ToArray();
            if (words.Length < LeastWords) found.TooShort++;
            else found.Add(words, item);
            item++;
        }

        return item > 0 ? found : throw new InputException($"{path}: expected items to compare with, found blank lines only");
    }

    /// <summary>The items that share a run with a text. Thread-safe.</summary>
    public IReadOnlyCollection<int> Find(string text)
    {
        var words = Words(text).ToArray();
        var found = new HashSet<int>();
        for (int at = 0; at < words.Length; at++)
        {
            ulong run = 0;
            for (int length = 1; length <= RunLength && at + length <= words.Length; length++)
            {
                run = Mix(run, words[at + length - 1]);
                if (_hasLength[length] && _itemsOfRun.TryGetValue(run, out var items)) found.UnionWith(items);
            }
        }

        return found;
    }

    /// <summary>Counts what <see cref="Find"/> found in one line.</summary>
    public void Count(IReadOnlyCollection<int> items)
    {
        if (items.Count == 0) return;
        Lines++;
        _touched.UnionWith(items);
    }

    private void Add(ulong[] words, int item)
    {
        Items++;
        int length = Math.Min(RunLength, words.Length);
        _hasLength[length] = true;
        for (int at = 0; at + length <= words.Length; at++)
        {
            ulong key = Key(words.AsSpan(at, length));
            if (!_itemsOfRun.TryGetValue(key, out var items)) _itemsOfRun[key] = items = [];
            if (items.Count == 0 || items[^1] != item) items.Add(item);
        }
    }

    private static string ItemText(RawLine line, string path)
    {
        var parsed = JsonLines.Parse(line);
        if (parsed.Fault is not null) return Encoding.UTF8.GetString(line.Bytes.Span);
        try
        {
            var text = new StringBuilder();
            if (QuestionOf(parsed.Value) is { } fields) foreach (var field in fields) Collect(field, text);
            else Collect(parsed.Value, text);
            return text.ToString();
        }
        catch (InvalidOperationException fault)
        {
            throw new InputException($"{path}:{line.Number}: {JsonLines.NotUnicode(fault)}", fault);
        }
    }

    /// <summary>Question and answer of a line that asks something. What else such a line says (its kind, other right answers) stands in no dialogue. Null for other lines.</summary>
    private static JsonElement[]? QuestionOf(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object || !line.TryGetProperty("question", out var question)) return null;
        return line.TryGetProperty("answer", out var answer) ? [question, answer] : [question];
    }

    private static void Collect(JsonElement value, StringBuilder text)
    {
        if (value.ValueKind == JsonValueKind.String) text.Append(value.GetString()).Append('\n');
        else if (value.ValueKind == JsonValueKind.Array) foreach (var element in value.EnumerateArray()) Collect(element, text);
        else if (value.ValueKind == JsonValueKind.Object) foreach (var field in value.EnumerateObject().Where(field => field.Name != "role")) Collect(field.Value, text);
    }

    /// <summary>A hash of each word.</summary>
    private static IEnumerable<ulong> Words(string text)
    {
        ulong word = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bool chinese = TextScript.IsChinese(rune.Value) && Rune.IsLetter(rune);
            if (Rune.IsLetterOrDigit(rune) && !chinese)
            {
                word = Mix(word + 1, (ulong)Rune.ToLowerInvariant(rune).Value);
                continue;
            }

            if (word != 0) yield return word;
            word = 0;
            if (chinese) yield return Mix(1, (ulong)rune.Value);
        }

        if (word != 0) yield return word;
    }

    private static ulong Key(ReadOnlySpan<ulong> words)
    {
        ulong key = 0;
        foreach (ulong word in words) key = Mix(key, word);
        return key;
    }

    private static ulong Mix(ulong key, ulong value)
    {
        key = (key ^ value) * 0x9E3779B97F4A7C15;
        return key ^ (key >> 29);
    }
}
