namespace MiniMind.Text.Configuration;

/// <summary>The model sizes that have a name. Source: MiniMind's published configurations.</summary>
public static class ModelPresets
{
    /// <summary>Small enough to learn the toy world of the quickstart on two CPU cores within minutes.</summary>
    public static readonly ModelConfig Tiny = new()
    {
        Name = "tiny", HiddenSize = 192, Layers = 2, Heads = 4, KeyValueHeads = 2, FeedForwardSize = 512, MaxPositions = 2048,
        InitializerRange = 0.06,
    };

    /// <summary>The sizes of MiniMind2-Small with the minimind-3 decoder.</summary>
    public static readonly ModelConfig MiniMind2Small = new()
    {
        Name = "minimind2-small", HiddenSize = 512, Layers = 8, Heads = 8, KeyValueHeads = 2, FeedForwardSize = 1408,
    };

    /// <summary>MiniMind-3 dense, 63,912,192 parameters.</summary>
    public static readonly ModelConfig MiniMind3 = new()
    {
        Name = "minimind-3", HiddenSize = 768, Layers = 8, Heads = 8, KeyValueHeads = 4,
    };

    /// <summary>Every preset by name.</summary>
    public static readonly IReadOnlyDictionary<string, ModelConfig> All =
        new[] { Tiny, MiniMind2Small, MiniMind3 }.ToDictionary(preset => preset.Name, StringComparer.Ordinal);
}
