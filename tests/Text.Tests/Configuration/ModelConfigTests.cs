using MiniMind.Text.Configuration;

namespace MiniMind.Text.Tests.Configuration;

public sealed class ModelConfigTests
{
    [Fact]
    public void Presets_have_the_published_numbers_of_parameters()
    {
        Assert.Equal(63_912_192, ModelPresets.MiniMind3.ParameterCount);
        // MiniMind2-Small's published 25,829,888 and the q and k norms of the minimind-3 decoder: 2 of width 64 in 8 layers.
        Assert.Equal(25_829_888 + (2 * 64 * 8), ModelPresets.MiniMind2Small.ParameterCount);
    }

    [Fact]
    public void Presets_are_possible_and_known_by_their_names()
    {
        Assert.Equal(["minimind-3", "minimind2-small", "tiny"], ModelPresets.All.Keys.Order());
        Assert.All(ModelPresets.All, preset => Assert.Equal((preset.Key, 0), (preset.Value.Name, preset.Value.Faults().Count)));
    }

    [Fact]
    public void Widths_follow_from_the_hidden_size_unless_given()
    {
        Assert.Equal((96, 2432), (ModelPresets.MiniMind3.HeadWidth, ModelPresets.MiniMind3.FeedForwardWidth));
        var given = ModelPresets.MiniMind3 with { HeadSize = 64, FeedForwardSize = 100 };
        Assert.Equal((64, 100), (given.HeadWidth, given.FeedForwardWidth));
    }

    [Fact]
    public void Faults_are_reported_together()
    {
        var faults = (ModelPresets.Tiny with { Layers = 0, VocabularySize = -1 }).Faults();
        Assert.Equal(["Layers", "VocabularySize"], faults.Select(fault => fault.Field));
    }

    [Theory]
    [InlineData(2_097_152, 1, 256)]
    [InlineData(int.MaxValue - 1, int.MaxValue, int.MaxValue)]
    public void Faults_more_parameters_than_a_buffer_holds_are_one(int hidden, int layers, int vocabulary)
    {
        var fault = Assert.Single((ModelPresets.Tiny with { HiddenSize = hidden, HeadSize = 2, Layers = layers, VocabularySize = vocabulary }).Faults());
        Assert.Equal("HiddenSize", fault.Field);
        Assert.Contains("parameters, expected at most 536870911 (2 GiB of float32)", fault.Message);
    }

    [Theory]
    [InlineData(100, 8, 4, "Heads")]
    [InlineData(128, 4, 3, "KeyValueHeads")]
    [InlineData(12, 4, 2, "Heads")]
    public void Faults_sizes_that_do_not_divide_are_named(int hidden, int heads, int keyValueHeads, string field)
    {
        var config = ModelPresets.Tiny with { HiddenSize = hidden, Heads = heads, KeyValueHeads = keyValueHeads };
        Assert.Equal(field, Assert.Single(config.Faults()).Field);
    }
}
