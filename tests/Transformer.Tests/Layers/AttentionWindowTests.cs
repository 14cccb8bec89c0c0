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
    public void A_cpu_computes_every_document_alone_and_a_gpu_joins_short_ones()
    {
        int[] documents = [30, 30, 5];

        Assert.Equal([30, 30, 5], AttentionWindow.Join(documents, AttentionWindow.JoinedTokensOn(DeviceType.CPU)).Select(window => window.Length));
        Assert.Equal([65], AttentionWindow.Join(documents, AttentionWindow.JoinedTokensOn(DeviceType.CUDA)).Select(window => window.Length));
    }
}
