using MiniMind.Text;
using MiniMind.Transformer.Generation;
using MiniMind.Transformer.Training;
using TorchSharp;

namespace MiniMind.Transformer.Tests.Generation;

public sealed class TextGeneratorTests : IDisposable
{
    private static readonly int[] Prompt = [5, 17, 3, 44, 8];
    private readonly TrainingState state = Sample.State();
    private readonly TextGenerator generator;

    public TextGeneratorTests() => generator = new TextGenerator(state.Decoder);

    public void Dispose() => state.Dispose();

    [Fact]
    public void Greedy_with_a_cache_equals_greedy_without()
    {
        var expected = new List<int>(Prompt);
        for (var i = 0; i < 40; i++) expected.Add(MostLikelyAfter([.. expected]));

        Assert.Equal(expected.Skip(Prompt.Length), generator.Generate(Prompt, SamplingOptions.Greedy(40)));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.9)]
    public void A_batch_equals_its_prompts_one_by_one(double temperature)
    {
        int[][] prompts = [.. Enumerable.Range(0, 70).Select(i => Sample.Tokens(1 + i * 5 % 23, seed: i))];
        // A stop id makes sequences end at different times, so that the batch is compacted on the way.
        var options = new SamplingOptions { Temperature = temperature, TopP = 0.9, Seed = 3, MaxNewTokens = 30, StopIds = [7, 8, 9, 10] };

        var answers = generator.GenerateBatch(prompts, options);

        Assert.Equal(prompts.Select(prompt => generator.Generate(prompt, options).ToArray()), answers);
        Assert.True(answers.Select(answer => answer.Length).Distinct().Count() > 5);
    }

    [Fact]
    public void A_stop_id_ends_the_answer_and_is_not_part_of_it()
    {
        var free = generator.Generate(Prompt, SamplingOptions.Greedy(12)).ToArray();
        var stop = free[5];

        var stopped = generator.Generate(Prompt, SamplingOptions.Greedy(12, stop));

        Assert.Equal(free.TakeWhile(id => id != stop), stopped);
    }

    [Fact]
    public void The_seed_decides_what_is_drawn()
    {
        var options = new SamplingOptions { Temperature = 1.5, TopP = 1, Seed = 11, MaxNewTokens = 30 };

        var first = generator.Generate(Prompt, options).ToArray();

        Assert.Equal(first, generator.Generate(Prompt, options));
        Assert.NotEqual(first, generator.Generate(Prompt, options with { Seed = 12 }));
    }

    [Fact]
    public void Generation_ends_at_the_last_position()
    {
        using var small = Sample.State(config: Sample.Config with { MaxPositions = 9 });

        Assert.Equal(4, new TextGenerator(small.Decoder).Generate(Prompt, SamplingOptions.Greedy(100)).Count());
    }

    [Fact]
    public void A_batch_near_the_last_position_limits_each_row_by_its_own_length()
    {
        using var small = Sample.State(config: Sample.Config with { MaxPositions = 12 });
        var narrow = new TextGenerator(small.Decoder);
        int[][] prompts = [[5], [.. Prompt, 9, 9, 9, 9, 9, 9], Prompt, [3, 2, 1]];

        var answers = narrow.GenerateBatch(prompts, SamplingOptions.Greedy(100));

        Assert.Equal([11, 1, 7, 9], answers.Select(answer => answer.Length));
        Assert.Equal(prompts.Select(prompt => narrow.Generate(prompt, SamplingOptions.Greedy(100)).ToArray()), answers);
    }

    [Fact]
    public void Batches_hold_every_prompt_once_and_are_bounded_in_count_and_area()
    {
        int[] lengths = [.. Enumerable.Range(0, 300).Select(i => 1 + i * 37 % 2000), 9000, 5000];

        var batches = TextGenerator.Batches(lengths).ToList();

        Assert.Equal(Enumerable.Range(0, lengths.Length), batches.SelectMany(batch => batch).Order());
        Assert.All(batches, batch => Assert.InRange(batch.Count, 1, 64));
        Assert.All(batches, batch => Assert.True(batch.Count == 1 || batch.Count * Math.Pow(batch.Max(index => lengths[index]), 2) <= 1 << 24));
        Assert.Contains(batches, batch => batch.Count == 64);
        Assert.Equal([lengths.Length - 2], batches[^1]);
        Assert.Empty(TextGenerator.Batches([]));
    }

    [Fact]
    public void Tokens_stream_and_leave_no_tensors_behind()
    {
        Assert.Equal(2, generator.Generate(Prompt, SamplingOptions.Greedy(2)).Count());
        var before = torch.Tensor.TotalCount;
        using (var stream = generator.Generate(Prompt, SamplingOptions.Greedy(20)).GetEnumerator())
        {
            Assert.True(stream.MoveNext());
            Assert.True(stream.MoveNext());
        }

        // Below when the garbage collector meanwhile finds what other tests have left.
        Assert.True(torch.Tensor.TotalCount <= before, $"{torch.Tensor.TotalCount - before} more tensors");
    }

    [Fact]
    public void Cancellation_ends_the_stream()
    {
        using var source = new CancellationTokenSource();
        using var stream = generator.Generate(Prompt, SamplingOptions.Greedy(20), source.Token).GetEnumerator();
        Assert.True(stream.MoveNext());

        source.Cancel();

        Assert.Throws<OperationCanceledException>(() => stream.MoveNext());
    }

    [Theory]
    [InlineData(new int[0], "expected at least one token")]
    [InlineData(new[] { 1, 53 }, "expected ids from 0 to 52, found 53 at 1")]
    [InlineData(new[] { -1 }, "found -1 at 0")]
    public void A_prompt_that_cannot_be_continued_is_wrong_input(int[] prompt, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => generator.Generate(prompt, SamplingOptions.Greedy(1))).Message, StringComparison.Ordinal);

    [Fact]
    public void Options_report_all_faults_together()
    {
        var wrong = new SamplingOptions { Temperature = -1, TopP = 0, TopK = -2, RepetitionPenalty = 0, MaxNewTokens = 0 };

        var message = Assert.Throws<InputException>(() => generator.Generate(Prompt, wrong)).Message;

        Assert.All(["temperature", "top-p", "top-k", "repetition-penalty", "max-new-tokens"], name => Assert.Contains(name, message, StringComparison.Ordinal));
    }

    private int MostLikelyAfter(int[] tokens)
    {
        var targets = Enumerable.Repeat(-1, tokens.Length).ToArray();
        using var logits = LanguageModelStep.Logits(state, Microbatch.FromSequences(tokens.Length, [(tokens, targets, [0])]));
        var last = logits.data<float>().ToArray()[^53..];
        return Array.IndexOf(last, last.Max());
    }
}
