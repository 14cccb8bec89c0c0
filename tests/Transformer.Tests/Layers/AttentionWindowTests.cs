using MiniMind.Transformer.Layers;
using TorchSharp;

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

    [Fact]
    public void A_gpu_joins_more_tokens_than_a_cpu()
    {
        Assert.Equal(AttentionWindow.JoinedTokens, AttentionWindow.JoinedTokensOn(DeviceType.CPU));
        Assert.Equal(AttentionWindow.JoinedTokensOnGpu, AttentionWindow.JoinedTokensOn(DeviceType.CUDA));
        Assert.True(AttentionWindow.JoinedTokensOnGpu > AttentionWindow.JoinedTokens);
    }
}
