using MiniMind.Transformer.Layers;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Training;

/// <summary>
/// Forward and backward of the summed next-token cross-entropy. Only tokens with a target reach the vocabulary projection,
/// whose loss and gradients <see cref="VocabularyLoss"/> computes in blocks; autograd covers the layers in between.
/// </summary>
public static class LanguageModelStep
{
    /// <summary>
    /// Adds the gradient of the summed loss of <paramref name="microbatch"/> to the state's flat gradient. The same microbatch and
    /// weights add the same bits, whatever ran before and whatever the number of threads.
    /// </summary>
    public static MicrobatchSums ForwardBackward(TrainingState state, Microbatch microbatch)
    {
        if (microbatch.Targets.Count == 0) return default;
        using var scope = NewDisposeScope();
        using var ids = ToTensor(microbatch.Tokens, state.Device);
        Tensor embedded;
        using (no_grad()) embedded = state.Decoder.Embed(ids);
        embedded.requires_grad = true;
        using var hidden = TargetHidden(state, microbatch, embedded);
        using var targets = ToTensor(microbatch.Targets, state.Device);
        MicrobatchSums sums;
        Tensor hiddenGradient;
        using (no_grad()) (sums, hiddenGradient) = VocabularyLoss.WithGradients(state.Decoder.Embedding, hidden.detach(), targets);
        hidden.backward([hiddenGradient]);
        using (no_grad()) EmbeddingGradient.Accumulate(state.Decoder.Embedding, ids, embedded);
        return sums;
    }

    /// <summary>The sums of <paramref name="microbatch"/> without a gradient.</summary>
    public static MicrobatchSums Evaluate(TrainingState state, Microbatch microbatch)
    {
        if (microbatch.Targets.Count == 0) return default;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var ids = ToTensor(microbatch.Tokens, state.Device);
        using var hidden = TargetHidden(state, microbatch, state.Decoder.Embed(ids));
        using var targets = ToTensor(microbatch.Targets, state.Device);
        return VocabularyLoss.Sums(state.Decoder.Embedding, hidden, targets);
    }

    /// <summary>Logits [N, V] of every token of <paramref name="microbatch"/>, targets or not, without a gradient.</summary>
    public static Tensor Logits(TrainingState state, Microbatch microbatch)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var ids = ToTensor(microbatch.Tokens, state.Device);
        return state.Decoder.Logits(Hidden(state, microbatch, state.Decoder.Embed(ids))).MoveToOuterDisposeScope();
    }

    /// <summary>Hidden states [targets, D] of the tokens that have a target.</summary>
    private static Tensor TargetHidden(TrainingState state, Microbatch microbatch, Tensor embedded)
    {
        var hidden = Hidden(state, microbatch, embedded);
        if (microbatch.Targets.Count == microbatch.Tokens.Count) return hidden;
        using var rows = ToTensor(microbatch.TargetIndices, state.Device);
        return hidden.index_select(0, rows);
    }

    private static Tensor Hidden(TrainingState state, Microbatch microbatch, Tensor embedded)
    {
        var angles = state.Decoder.AnglesAt([.. microbatch.Positions]);
        var windows = AttentionWindow.Join(microbatch.Documents, AttentionWindow.JoinedTokensOn(state.Device.type));
        using var attention = new WindowedAttention(windows, state.Device);
        return state.Decoder.Forward(embedded, angles, attention);
    }

    private static Tensor ToTensor(IReadOnlyList<long> values, Device device) =>
        tensor(values as long[] ?? [.. values], device: device);
}
