using MiniMind.Text;

namespace MiniMind.Transformer.Generation;

/// <summary>How the next token is chosen from the logits, and when to stop.</summary>
public sealed record SamplingOptions
{
    private const double HighestTemperature = 100;
    private const double LowestPenalty = 0.01;
    private const double HighestPenalty = 100;

    /// <summary>Divides the logits; 0 takes the most likely token (greedy). At most 100.</summary>
    public double Temperature { get; init; } = 0.85;

    /// <summary>Only the most likely tokens whose probabilities reach this sum; 1 for all. In (0, 1].</summary>
    public double TopP { get; init; } = 0.85;

    /// <summary>Only this many of the most likely tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Above 1, tokens that were seen already lose likelihood (positive logits divided, negative multiplied). From 0.01 to 100.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>The same seed, prompt and weights give the same tokens.</summary>
    public ulong Seed { get; init; }

    /// <summary>At most this many tokens.</summary>
    public int MaxNewTokens { get; init; } = 512;

    /// <summary>Ids that end the answer; they are not part of it.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>The most likely token every time, at most <paramref name="maxNewTokens"/>.</summary>
    public static SamplingOptions Greedy(int maxNewTokens, params IReadOnlyList<int> stopIds) =>
        new() { Temperature = 0, TopP = 1, MaxNewTokens = maxNewTokens, StopIds = stopIds };

    /// <summary>Throws one message with every fault.</summary>
    /// <exception cref="InputException">A value outside its range.</exception>
    public void Validate()
    {
        var faults = new List<FormattableString>();
        if (Temperature is not (>= 0 and <= HighestTemperature)) faults.Add($"temperature: expected 0 to {HighestTemperature}, found {Temperature}");
        if (TopP is not (> 0 and <= 1)) faults.Add($"top-p: expected above 0 to 1, found {TopP}");
        if (TopK < 0) faults.Add($"top-k: expected at least 0, found {TopK}");
        if (RepetitionPenalty is not (>= LowestPenalty and <= HighestPenalty))
            faults.Add($"repetition-penalty: expected {LowestPenalty} to {HighestPenalty}, found {RepetitionPenalty}");
        if (MaxNewTokens < 1) faults.Add($"max-new-tokens: expected at least 1, found {MaxNewTokens}");
        if (faults.Count > 0) throw new InputException(string.Join("; ", faults.Select(FormattableString.Invariant)));
    }
}
