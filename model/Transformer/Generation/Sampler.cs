using MiniMind.Text;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Transformer.Generation;

/// <summary>Chooses the tokens of one sequence: repetition penalty, temperature, top-k, top-p, then one seeded draw.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions options;
    private readonly HashSet<int> seen;
    private SplitMix64 random;

    /// <param name="options">Validated by the caller.</param>
    /// <param name="prompt">Counts as seen for the repetition penalty.</param>
    public Sampler(SamplingOptions options, IEnumerable<int> prompt)
    {
        this.options = options;
        seen = [.. prompt];
        random = new SplitMix64(options.Seed);
    }

    /// <summary>The next token; ties go to the smaller id.</summary>
    /// <param name="logits">[V]; changed.</param>
    /// <exception cref="InputException">A logit is infinite or no number: nothing could be chosen that means anything.</exception>
    public int Next(Span<float> logits)
    {
        RequireFinite(logits);
        Penalize(logits);
        var chosen = options.Temperature == 0 ? Largest(logits) : Draw(logits);
        seen.Add(chosen);
        return chosen;
    }

    private static void RequireFinite(ReadOnlySpan<float> logits)
    {
        for (var id = 0; id < logits.Length; id++)
        {
            if (!float.IsFinite(logits[id]))
                throw new InputException($"the model's weights give no numbers; the logit of token {id} is {logits[id]}. Use an earlier checkpoint, or train with a lower learning rate");
        }
    }

    /// <summary>Source: Keskar et al. 2019, "CTRL", section 4.1, with Hugging Face's treatment of negative logits.</summary>
    private void Penalize(Span<float> logits)
    {
        if (options.RepetitionPenalty == 1) return;
        var penalty = (float)options.RepetitionPenalty;
        foreach (var id in seen) logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
    }

    private static int Largest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var id = 1; id < logits.Length; id++)
        {
            if (logits[id] > logits[best]) best = id;
        }

        return best;
    }

    private int Draw(ReadOnlySpan<float> logits)
    {
        var ids = new int[logits.Length];
        var order = new float[logits.Length];
        for (var id = 0; id < ids.Length; id++) (ids[id], order[id]) = (id, -logits[id]);
        // A stable order: equal logits stay in the order of their ids.
        Array.Sort(ids, (left, right) => order[left] != order[right] ? order[left].CompareTo(order[right]) : left.CompareTo(right));
        var count = options.TopK > 0 ? Math.Min(options.TopK, ids.Length) : ids.Length;
        var weights = new double[count];
        var total = 0.0;
        for (var i = 0; i < count; i++) total += weights[i] = Math.Exp((logits[ids[i]] - logits[ids[0]]) / options.Temperature);
        var kept = Nucleus(weights, total);
        var point = random.NextDouble() * kept.Total;
        for (var i = 0; i < kept.Count; i++)
        {
            point -= weights[i];
            if (point < 0) return ids[i];
        }

        return ids[kept.Count - 1];
    }

    /// <summary>The shortest prefix with at least the share TopP. Source: Holtzman et al. 2020, section 3.1.</summary>
    private (int Count, double Total) Nucleus(double[] weights, double total)
    {
        var sum = 0.0;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += weights[i];
            if (sum >= options.TopP * total) return (i + 1, sum);
        }

        return (weights.Length, sum);
    }
}
