using System.Diagnostics;
using MiniMind.Text;
using MiniMind.Transformer.Training;
using TorchSharp;

namespace MiniMind.Transformer.Tests.Training;

public sealed class LanguageModelStepTests
{
    [Fact]
    public void Logits_equal_an_independent_reference()
    {
        using var state = Sample.State();
        var row = Sample.Row([17, 70], seed: 4);
        var reference = new ReferenceDecoder(state);
        var expected = reference.Logits(row.Tokens[..17]).Concat(reference.Logits(row.Tokens[17..])).SelectMany(x => x).Select(x => (float)x).ToArray();

        using var logits = LanguageModelStep.Logits(state, Microbatch.FromSequences(87, [row]));

        Assert.InRange(Sample.RelativeError(logits.data<float>().ToArray(), expected), 0, 2e-6);
    }

    [Fact]
    public void Gradients_equal_differences_of_an_independent_reference()
    {
        using var state = Sample.State();
        var row = Sample.Row([12], seed: 9);
        var reference = new ReferenceDecoder(state);
        const double distance = 1e-5;

        var sums = LanguageModelStep.ForwardBackward(state, Microbatch.FromSequences(12, [row]));

        Assert.Equal(reference.Loss(row.Tokens, row.Targets), sums.LossNumerator, 1e-5 * sums.LossNumerator);
        foreach (var slot in state.Slots)
        {
            // One direction through all elements of a parameter checks them all at the price of two losses.
            var random = new Random(7);
            var direction = Enumerable.Range(0, (int)slot.Length).Select(_ => random.NextDouble() - 0.5).ToArray();
            var slope = (Loss(distance) - Loss(-distance)) / (2 * distance);
            var gradient = Sample.Part(state.GradientMemory, slot).ToArray();
            var expected = gradient.Zip(direction, (g, d) => g * d).Sum();
            // Rounding grows with the lengths, however much of the product cancels in this direction.
            var rounding = 3e-6 * Length(direction) * Length(gradient.Select(g => (double)g));
            Assert.True(Math.Abs(slope - expected) <= 1e-4 * Math.Abs(slope) + rounding, $"{slot.Name}: slope {slope}, gradient {expected}");

            double Loss(double step)
            {
                var saved = reference[slot.Name].ToArray();
                for (var i = 0; i < saved.Length; i++) reference[slot.Name][i] += step * direction[i];
                var loss = reference.Loss(row.Tokens, row.Targets);
                saved.CopyTo(reference[slot.Name], 0);
                return loss;
            }
        }

        static double Length(IEnumerable<double> vector) => Math.Sqrt(vector.Sum(element => element * element));
    }

    [Theory]
    [InlineData(53)]
    [InlineData(int.MaxValue)]
    public void Target_outside_the_vocabulary_is_named_and_changes_nothing(int target)
    {
        using var state = Sample.State();
        var (tokens, targets, starts) = Sample.Row([12], seed: 9);
        targets[5] = target;

        var fault = Assert.Throws<InputException>(() => LanguageModelStep.ForwardBackward(state, Microbatch.FromSequences(12, [(tokens, targets, starts)])));

        // Row 4: the fourth token has no target.
        Assert.StartsWith($"row 4 of a block of logits: expected a target from 0 to 52, found {target}", fault.Message, StringComparison.Ordinal);
        Assert.All(state.GradientMemory.ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Packed_loss_and_gradients_equal_the_sum_over_single_documents()
    {
        using var packed = Sample.State();
        using var single = Sample.State();
        var row = Sample.Row(Sample.Documents, seed: 5);
        var expected = default(MicrobatchSums);
        foreach (var (index, length) in Sample.Documents.Index())
        {
            var range = new Range(row.DocumentStarts[index], row.DocumentStarts[index] + length);
            expected += LanguageModelStep.ForwardBackward(single, Microbatch.FromSequences(length, [(row.Tokens[range], row.Targets[range], [0])]));
        }

        var sums = LanguageModelStep.ForwardBackward(packed, Microbatch.FromSequences(row.Tokens.Length, [row]));

        Assert.Equal(expected.LossNumerator, sums.LossNumerator, 1e-5 * expected.LossNumerator);
        Assert.Equal((expected.Targets, expected.Correct), (sums.Targets, sums.Correct));
        foreach (var slot in packed.Slots)
        {
            var error = Sample.RelativeError(Sample.Part(packed.GradientMemory, slot), Sample.Part(single.GradientMemory, slot));
            Assert.True(error <= 1e-5, $"{slot.Name}: {error}");
        }
    }

    [Fact]
    public void Rows_do_not_see_each_other()
    {
        using var together = Sample.State();
        using var apart = Sample.State();

        var sums = LanguageModelStep.ForwardBackward(together, Sample.Packed(1, 2));
        var expected = LanguageModelStep.ForwardBackward(apart, Sample.Packed(1)) + LanguageModelStep.ForwardBackward(apart, Sample.Packed(2));

        Assert.Equal(expected.LossNumerator, sums.LossNumerator, 1e-5 * expected.LossNumerator);
        Assert.InRange(Sample.RelativeError(together.GradientMemory.Span, apart.GradientMemory.Span), 0, 1e-5);
    }

    [Fact]
    public void More_targets_than_one_block_of_logits_give_the_same_sums()
    {
        using var together = Sample.State();
        using var apart = Sample.State();
        var seeds = Enumerable.Range(1, 5).ToArray();
        Assert.True(Sample.Packed(seeds).Targets.Count > 2 * 256);

        var sums = LanguageModelStep.ForwardBackward(together, Sample.Packed(seeds));
        var expected = seeds.Select(seed => LanguageModelStep.ForwardBackward(apart, Sample.Packed(seed))).Aggregate(MicrobatchSums.Add);

        Assert.Equal(expected.LossNumerator, sums.LossNumerator, 1e-5 * expected.LossNumerator);
        Assert.InRange(Sample.RelativeError(together.GradientMemory.Span, apart.GradientMemory.Span), 0, 1e-5);
    }

    [Fact]
    public void Evaluate_gives_the_same_sums_and_touches_no_gradient()
    {
        using var state = Sample.State();
        var batch = Sample.Packed(3);

        var evaluated = LanguageModelStep.Evaluate(state, batch);

        Assert.Equal(-1, state.GradientMemory.Span.IndexOfAnyExcept(0f));
        Assert.Equal(LanguageModelStep.ForwardBackward(state, batch), evaluated);
    }

    [Fact]
    public void A_microbatch_without_targets_adds_nothing()
    {
        using var state = Sample.State();

        var sums = LanguageModelStep.ForwardBackward(state, Microbatch.FromSequences(4, [([1, 2, 3, 4], [-1, -1, -1, -1], [0])]));

        Assert.Equal(default, sums);
        Assert.Equal(-1, state.GradientMemory.Span.IndexOfAnyExcept(0f));
    }

    [Fact]
    public void Gradients_are_the_same_bits_again_and_with_two_threads()
    {
        var first = Sample.GradientDigest(threads: 1);

        Assert.Equal(first, Sample.GradientDigest(threads: 1));
        Assert.Equal(first, Sample.GradientDigest(threads: 2));
    }

    [Fact]
    public void Gradients_are_the_same_bits_in_another_process()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Sample).Assembly.Location]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var other = Process.Start(start)!;
        var digest = other.StandardOutput.ReadToEnd();
        other.WaitForExit();

        Assert.Equal(0, other.ExitCode);
        Assert.Equal(Sample.GradientDigest(threads: 1), digest);
    }

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        using var state = Sample.State();
        LanguageModelStep.ForwardBackward(state, Sample.Packed(1));
        var before = torch.Tensor.TotalCount;

        for (var i = 0; i < 3; i++) LanguageModelStep.ForwardBackward(state, Sample.Packed(i));

        // Below when the garbage collector meanwhile finds what other tests have left.
        Assert.True(torch.Tensor.TotalCount <= before, $"{torch.Tensor.TotalCount - before} more tensors");
    }
}
