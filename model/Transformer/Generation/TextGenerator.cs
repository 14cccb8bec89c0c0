using System.Runtime.InteropServices;
using MiniMind.Text;
using MiniMind.Transformer.Layers;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Generation;

/// <summary>
/// Continues prompts token by token, with a key-value cache. Reads the decoder's weights and nothing else; several generators
/// may share one decoder, and one generator may serve several threads.
/// </summary>
public sealed class TextGenerator(Decoder decoder)
{
    /// <summary>Sequences per batch: more gains little on a CPU and costs cache memory.</summary>
    private const int BatchSequences = 64;

    /// <summary>
    /// Sequences × longest prompt² of a batch, unless one prompt alone is more: the mask and the scores of a head grow with it, and
    /// at this bound each takes 64 MiB.
    /// </summary>
    private const long BatchArea = 1 << 24;

    private readonly Device device = decoder.Embedding.device;

    /// <summary>The tokens that follow <paramref name="prompt"/>, each as soon as it is known, without the stop token.</summary>
    /// <exception cref="InputException">Options out of range; a prompt that is empty, too long, or has ids outside the vocabulary.</exception>
    public IEnumerable<int> Generate(int[] prompt, SamplingOptions options, CancellationToken cancellation = default)
    {
        Require(prompt, options);
        return Stream(prompt, options, cancellation);
    }

    /// <summary>
    /// The answers to many prompts, computed side by side: each is what <see cref="Generate"/> gives for it alone (every sequence
    /// draws from the same seed), up to rounding in the matrix products.
    /// </summary>
    /// <exception cref="InputException">As <see cref="Generate"/>; nothing is computed then.</exception>
    public IReadOnlyList<int[]> GenerateBatch(IReadOnlyList<int[]> prompts, SamplingOptions options, CancellationToken cancellation = default)
    {
        foreach (var prompt in prompts) Require(prompt, options);
        var answers = new int[prompts.Count][];
        foreach (var batch in Batches([.. prompts.Select(prompt => prompt.Length)]))
        {
            var results = Continue([.. batch.Select(index => prompts[index])], options, cancellation);
            foreach (var (index, answer) in batch.Zip(results)) answers[index] = answer;
        }

        return answers;
    }

    /// <summary>Indices of the prompts that are computed side by side. Prompts of like length need little padding: shortest first.</summary>
    internal static IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<int> lengths)
    {
        var batch = new List<int>();
        foreach (var index in Enumerable.Range(0, lengths.Count).OrderBy(index => lengths[index]))
        {
            long longest = lengths[index];
            if (batch.Count > 0 && (batch.Count == BatchSequences || (batch.Count + 1) * longest * longest > BatchArea))
            {
                yield return batch;
                batch = [];
            }

            batch.Add(index);
        }

        if (batch.Count > 0) yield return batch;
    }

    private IEnumerable<int> Stream(int[] prompt, SamplingOptions options, CancellationToken cancellation)
    {
        var limit = NewTokens(prompt.Length, options);
        using var cache = new KeyValueCache(decoder.Config, 1, prompt.Length + limit, device);
        var sampler = new Sampler(options, prompt);
        var next = prompt;
        for (var count = 0; count < limit; count++)
        {
            cancellation.ThrowIfCancellationRequested();
            // Neither a dispose scope nor the no-grad mode may stay open across a yield: both belong to the thread.
            var token = sampler.Next(Logits(cache, next, next.Length, [0]));
            if (options.StopIds.Contains(token)) yield break;
            yield return token;
            next = [token];
        }
    }

    private int[][] Continue(int[][] prompts, SamplingOptions options, CancellationToken cancellation)
    {
        var width = prompts.Max(prompt => prompt.Length);
        var rows = prompts.Select(prompt => new Row(width - prompt.Length, NewTokens(prompt.Length, options), new Sampler(options, prompt))).ToList();
        var limit = rows.Max(row => row.Limit);
        using var cache = new KeyValueCache(decoder.Config, prompts.Length, width + limit, device);
        var active = rows;
        var next = prompts.SelectMany(prompt => Enumerable.Repeat(0, width - prompt.Length).Concat(prompt)).ToArray();
        for (var count = 0; count < limit && active.Count > 0; count++)
        {
            cancellation.ThrowIfCancellationRequested();
            var logits = Logits(cache, next, next.Length / active.Count, [.. active.Select(row => row.Padding)]);
            var vocabulary = logits.Length / active.Count;
            for (var i = 0; i < active.Count; i++) active[i].Take(active[i].Sampler.Next(logits.AsSpan(i * vocabulary, vocabulary)), options);
            active = DropFinished(cache, active);
            next = [.. active.Select(row => row.Last)];
        }

        return [.. rows.Select(row => row.Answer.ToArray())];
    }

    /// <summary>Moving the cache costs about one step, so it waits until half of the sequences are done.</summary>
    private static List<Row> DropFinished(KeyValueCache cache, List<Row> active)
    {
        var kept = Enumerable.Range(0, active.Count).Where(index => !active[index].Done).ToArray();
        if (kept.Length > active.Count / 2) return active;
        if (kept.Length > 0) cache.Keep(kept);
        return [.. kept.Select(index => active[index])];
    }

    /// <summary>Feeds the next S tokens of every sequence, row-major in <paramref name="tokens"/>; logits [B·V] of the last ones.</summary>
    private float[] Logits(KeyValueCache cache, int[] tokens, int steps, int[] padding)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var positions = new long[tokens.Length];
        // Below: padding. Above: a finished row that runs along beyond the last position.
        for (var i = 0; i < positions.Length; i++) positions[i] = Math.Clamp(cache.Columns + i % steps - padding[i / steps], 0, decoder.Config.MaxPositions - 1);
        var ids = tensor(tokens.Select(id => (long)id).ToArray(), device: device);
        using var attention = new CachedAttention(cache, steps, padding, device);
        var hidden = decoder.Forward(decoder.Embed(ids), decoder.AnglesAt(positions), attention);
        cache.Advance(steps);
        var last = tensor(Enumerable.Range(1, cache.Sequences).Select(row => (long)row * steps - 1).ToArray(), device: device);
        var logits = decoder.Logits(hidden.index_select(0, last)).cpu();
        return MemoryMarshal.Cast<byte, float>(logits.bytes).ToArray();
    }

    private int NewTokens(int promptLength, SamplingOptions options) => Math.Min(options.MaxNewTokens, decoder.Config.MaxPositions - promptLength);

    private void Require(int[] prompt, SamplingOptions options)
    {
        options.Validate();
        if (prompt.Length == 0) throw new InputException("prompt: expected at least one token, found none");
        if (prompt.Length >= decoder.Config.MaxPositions)
            throw new InputException($"prompt: expected fewer than {decoder.Config.MaxPositions} tokens (the model's positions), found {prompt.Length}");
        var wrong = Array.FindIndex(prompt, id => id < 0 || id >= decoder.Config.VocabularySize);
        if (wrong >= 0)
            throw new InputException($"prompt: expected ids from 0 to {decoder.Config.VocabularySize - 1}, found {prompt[wrong]} at {wrong}; the tokenizer belongs to another model");
    }

    /// <summary>One sequence of a batch.</summary>
    private sealed class Row(int padding, int limit, Sampler sampler)
    {
        public int Padding => padding;

        /// <summary>Tokens that fit behind this row's own prompt, at most those asked for.</summary>
        public int Limit => limit;

        public Sampler Sampler => sampler;

        public List<int> Answer { get; } = [];

        public bool Done { get; private set; }

        public int Last { get; private set; }

        /// <summary>A finished row runs along, unheard, until the batch is compacted.</summary>
        public void Take(int token, SamplingOptions options)
        {
            Last = token;
            Done |= options.StopIds.Contains(token);
            if (!Done) Answer.Add(token);
            Done |= Answer.Count == limit;
        }
    }
}
