using MiniMind.Text;

namespace MiniMind.Coordinator.ToyWorld;

/// <summary>The size of a toy world. The defaults are those of the quickstart.</summary>
public sealed record ToyWorldOptions
{
    /// <summary>People, cities, animals and companies: this many of each.</summary>
    public int EntitiesPerKind { get; init; } = 60;

    /// <summary>How many of each kind occur in no dialogue: their facts are told as prose only, and asked by questions.jsonl.</summary>
    public int ProseOnlyPerKind { get; init; } = 26;

    /// <summary>Different values per relation, 21..30. Each is the answer to about equally many questions: guessing stays below one in twenty.</summary>
    public int Values { get; init; } = 30;

    /// <summary>How often pretrain.jsonl states every fact in each language, each time in another wording and order.</summary>
    public int ProseRounds { get; init; } = 16;

    /// <summary>How often pretrain.jsonl asks and answers, outside any dialogue, each fact of the entities that also have dialogues.</summary>
    public int QuizRounds { get; init; } = 10;

    /// <summary>How often pretrain.jsonl states every sum in each language.</summary>
    public int SumRounds { get; init; } = 10;

    /// <summary>Sums are of two whole numbers in 1..LargestAddend.</summary>
    public int LargestAddend { get; init; } = 15;

    /// <exception cref="InputException">Names every option out of its range.</exception>
    public void Validate()
    {
        var faults = new List<string>();
        Check(Values, 21, 30, nameof(Values), faults);
        Check(ProseOnlyPerKind, 21, Values, nameof(ProseOnlyPerKind), faults);
        Check(EntitiesPerKind, ProseOnlyPerKind + Values, InventedNames.Most, nameof(EntitiesPerKind), faults);
        Check(ProseRounds, 1, 1000, nameof(ProseRounds), faults);
        Check(QuizRounds, 0, 1000, nameof(QuizRounds), faults);
        Check(SumRounds, 1, 1000, nameof(SumRounds), faults);
        Check(LargestAddend, 13, 99, nameof(LargestAddend), faults);
        if (faults.Count > 0)
        {
            throw new InputException($"The toy world's options are impossible: {string.Join("; ", faults)}.");
        }
    }

    private static void Check(int value, int least, int most, string name, List<string> faults)
    {
        if (value < least || value > most)
        {
            faults.Add($"{name} must be {least} to {most}, not {value}");
        }
    }
}
