using MiniMind.Text;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Layers;
using MiniMind.Transformer.Training;
using TorchSharp;

namespace MiniMind.Transformer.Tests.Training;

public sealed class TrainingStateTests
{
    [Theory]
    [InlineData("tiny", 2_040_960)]
    [InlineData("minimind2-small", 25_830_912)]
    [InlineData("minimind-3", 63_912_192)]
    public void Presets_have_their_published_number_of_parameters(string preset, long expected)
    {
        var config = ModelPresets.All[preset];
        using var decoder = new Decoder(config, torch.META);

        Assert.Equal(expected, config.ParameterCount);
        Assert.Equal(expected, decoder.named_parameters().Sum(pair => pair.parameter.numel()));
    }

    [Fact]
    public void State_that_is_not_trainable_computes_the_same_without_gradient_and_moments()
    {
        using var trained = Sample.State();
        using var answering = TrainingState.Create(Sample.Config, trainable: false);
        trained.ParametersMemory.CopyTo(answering.ParametersMemory);

        Assert.Equal(LanguageModelStep.Evaluate(trained, Sample.Packed(3)), LanguageModelStep.Evaluate(answering, Sample.Packed(3)));
        Assert.Equal((0, 0, 0), (answering.Gradient.numel(), answering.FirstMoment.numel(), answering.SecondMoment.numel()));
        Assert.Contains("without gradient", Assert.Throws<InvalidOperationException>(() => answering.GradientMemory).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Slots_have_hugging_face_names_and_cover_the_buffers()
    {
        using var state = Sample.State();

        string[] layer0 = [.. state.Slots.Select(slot => slot.Name).Where(name => name.StartsWith("model.layers.0.", StringComparison.Ordinal)).Select(name => name[15..])];
        Assert.Equal(
        [
            "input_layernorm.weight", "mlp.down_proj.weight", "mlp.gate_proj.weight", "mlp.up_proj.weight", "post_attention_layernorm.weight",
            "self_attn.k_norm.weight", "self_attn.k_proj.weight", "self_attn.o_proj.weight", "self_attn.q_norm.weight", "self_attn.q_proj.weight", "self_attn.v_proj.weight",
        ], layer0.Order(StringComparer.Ordinal));
        Assert.Contains(state.Slots, slot => slot.Name == "model.embed_tokens.weight" && slot.ShapeText == "[53, 32]");
        Assert.Contains(state.Slots, slot => slot.Name == "model.norm.weight" && slot.ShapeText == "[32]");
        Assert.Equal(2 + 2 * 11, state.Slots.Count);
        Assert.Equal(state.Slots.Select(slot => slot.Offset).Skip(1).Append(state.Count), state.Slots.Select(slot => slot.Offset + slot.Length));
        Assert.Equal(state.Count, state.Config.ParameterCount);
        Assert.All([state.ParametersMemory, state.GradientMemory, state.FirstMomentMemory, state.SecondMomentMemory], memory => Assert.Equal(state.Count, memory.Length));
    }

    [Fact]
    public void Parameters_and_gradients_stay_views_after_backward()
    {
        using var state = Sample.State();
        LanguageModelStep.ForwardBackward(state, Sample.Packed(1));
        state.ZeroGradient();
        LanguageModelStep.ForwardBackward(state, Sample.Packed(2));

        foreach (var ((name, parameter), slot) in state.Decoder.named_parameters().Zip(state.Slots))
        {
            using var gradient = parameter.grad!;
            Assert.Equal(slot.Name, name);
            Assert.True(Sample.Part(state.GradientMemory, slot).SequenceEqual(gradient.data<float>().ToArray()), name);
            Assert.NotEqual(-1, Sample.Part(state.GradientMemory, slot).IndexOfAnyExcept(0f));
            Sample.Part(state.ParametersMemory, slot).Fill(slot.Offset);
            Sample.Part(state.GradientMemory, slot).Fill(-slot.Offset);
            Assert.All(parameter.data<float>().ToArray(), value => Assert.Equal(slot.Offset, value));
            Assert.All(gradient.data<float>().ToArray(), value => Assert.Equal(-slot.Offset, value));
        }
    }

    [Fact]
    public void Initial_weights_depend_on_the_seed_alone()
    {
        using var first = TrainingState.Create(Sample.Config);
        using var second = TrainingState.Create(Sample.Config);
        first.Initialize(7);
        second.Initialize(8);
        var other = WeightsDigest.Compute([second.ParametersMemory]);
        second.Initialize(7);

        Assert.Equal(WeightsDigest.Compute([first.ParametersMemory]), WeightsDigest.Compute([second.ParametersMemory]));
        Assert.NotEqual(WeightsDigest.Compute([first.ParametersMemory]), other);
        // The same on every machine: a change here changes the result of every run.
        Assert.Equal([-0.0250491109f, 0.0144840069f, -0.00153320143f], Sample.Part(first.ParametersMemory, first.Slots[0])[..3].ToArray());
    }

    [Fact]
    public void Initial_weights_are_normal_for_matrices_and_one_for_norms()
    {
        using var state = TrainingState.Create(ModelPresets.Tiny);
        state.Initialize(3);
        double range = ModelPresets.Tiny.InitializerRange;

        foreach (var slot in state.Slots)
        {
            var values = Sample.Part(state.ParametersMemory, slot).ToArray();
            if (slot.Shape.Count == 1)
            {
                Assert.All(values, value => Assert.Equal(1f, value));
                continue;
            }

            var deviation = Math.Sqrt(values.Average(value => (double)value * value));
            Assert.InRange(deviation, 0.98 * range, 1.02 * range);
            Assert.InRange(values.Average(), -0.04 * range, 0.04 * range);
            Assert.InRange(values.Count(value => Math.Abs(value) > 2 * range) / (double)values.Length, 0.040, 0.051); // 4.55 % beyond two deviations
        }
    }

    [Fact]
    public void Disposing_ends_access_to_the_memory_and_frees_the_tensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = torch.Tensor.TotalCount;
        var state = Sample.State();
        var memory = state.ParametersMemory;

        state.Dispose();

        Assert.Throws<ObjectDisposedException>(() => memory.Span[0]);
        // TorchSharp goes on counting the tensor that a Parameter took over, one per parameter; the state itself holds over 70.
        Assert.InRange(torch.Tensor.TotalCount - before, 0, state.Slots.Count);
    }

    [Fact]
    public void A_state_outlives_the_dispose_scope_it_was_made_in()
    {
        TrainingState state;
        using (torch.NewDisposeScope()) state = Sample.State();

        using (state) Assert.True(LanguageModelStep.ForwardBackward(state, Sample.Packed(1)).LossNumerator > 0);
    }

    [Fact]
    public void Impossible_sizes_are_reported_together()
    {
        var wrong = Sample.Config with { Heads = 5, KeyValueHeads = 3 };

        var failure = Assert.Throws<InputException>(() => TrainingState.Create(wrong));

        Assert.Contains("5 heads do not divide the hidden size 32", failure.Message, StringComparison.Ordinal);
        Assert.Contains("3 key-value heads do not divide 5 heads", failure.Message, StringComparison.Ordinal);
    }
}
