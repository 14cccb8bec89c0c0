using MiniMind.Transformer.Layers;

namespace MiniMind.Transformer.Tests.Layers;

public sealed class AttentionWindowTests
{
    [Fact]
    public void Short_documents_share_windows_and_long_ones_stay_alone()
    {
        var windows = AttentionWindow.Join([30, 30, 5, 200, 64, 1], joinedTokens: 64);

        Assert.Equal([[30, 30], [5], [200], [64], [1]], windows.Select(window => window.Documents.ToArray()));
        Assert.Equal([60, 5, 200, 64, 1], windows.Select(window => window.Length));
    }
}
