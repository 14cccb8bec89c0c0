using MiniMind.Transformer.Layers;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>A way to compute the attention of packed documents.</summary>
/// <param name="Name">As in the tables.</param>
/// <param name="Create">Built anew for every microbatch, as the product does.</param>
/// <param name="KeepsDocumentsApart">False: a bound on the cost only, never to be used.</param>
public sealed record AttentionVariant(string Name, Func<DocumentRows, Device, IAttention> Create, bool KeepsDocumentsApart = true)
{
    public static readonly AttentionVariant CausalRows =
        new("causal rows (WRONG)", (rows, device) => new WindowedAttention([.. rows.Rows.Select(row => new AttentionWindow([row.Sum()]))], device), KeepsDocumentsApart: false);

    public static readonly AttentionVariant BlockMask = new("block mask", (rows, device) => new BlockMaskAttention(rows, device));

    public static readonly AttentionVariant Slices = new("slices", (rows, device) => Windows(rows, AttentionWindow.JoinedTokensOnCpu, device));

    public static readonly AttentionVariant Windows32 = new("windows 32", (rows, device) => Windows(rows, 32, device));

    public static readonly AttentionVariant Windows64 = new("windows 64", (rows, device) => Windows(rows, 64, device));

    public static readonly AttentionVariant Windows128 = new("windows 128", (rows, device) => Windows(rows, 128, device));

    public static readonly AttentionVariant EqualLengths = new("equal lengths", (rows, device) => new BucketedAttention(rows.Documents, 1, device));

    public static readonly AttentionVariant Buckets16 = new("buckets of 16", (rows, device) => new BucketedAttention(rows.Documents, 16, device));

    public static readonly AttentionVariant Buckets64 = new("buckets of 64", (rows, device) => new BucketedAttention(rows.Documents, 64, device));

    public static readonly AttentionVariant[] All = [CausalRows, BlockMask, Slices, Windows32, Windows64, Windows128, EqualLengths, Buckets16, Buckets64];

    public override string ToString() => Name;

    private static WindowedAttention Windows(DocumentRows rows, int joinedTokens, Device device) => new(AttentionWindow.Join(rows.Documents, joinedTokens), device);
}
