using BenchmarkDotNet.Attributes;

namespace MiniMind.Benchmarks.Attention;

/// <summary>The attentions that every benchmark of attention compares; the mask over the whole row is what each is measured against.</summary>
public abstract class VariantBenchmarks
{
    [Benchmark(Description = "block mask", Baseline = true)]
    public void BlockMask() => ForwardBackward(AttentionVariant.BlockMask);

    [Benchmark(Description = "causal rows (WRONG)")]
    public void CausalRows() => ForwardBackward(AttentionVariant.CausalRows);

    [Benchmark(Description = "slices")]
    public void Slices() => ForwardBackward(AttentionVariant.Slices);

    [Benchmark(Description = "windows 32")]
    public void Windows32() => ForwardBackward(AttentionVariant.Windows32);

    [Benchmark(Description = "windows 64")]
    public void Windows64() => ForwardBackward(AttentionVariant.Windows64);

    [Benchmark(Description = "buckets of 16")]
    public void Buckets16() => ForwardBackward(AttentionVariant.Buckets16);

    /// <summary>One forward and backward of the benchmark's workload with <paramref name="variant"/>.</summary>
    protected abstract void ForwardBackward(AttentionVariant variant);
}
