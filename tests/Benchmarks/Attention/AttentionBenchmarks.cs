using BenchmarkDotNet.Attributes;
using MiniMind.Transformer.Runtime;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>
/// Forward and backward of attention alone, what is built once per microbatch included: one layer, over about 2,048
/// tokens. One thread, as a worker on a CPU has.
/// </summary>
public class AttentionBenchmarks : VariantBenchmarks
{
    private const int LeastTokens = 2048;

    private IReadOnlyList<DocumentRows> microbatches = [];
    private HeadTensors? heads;

    [ParamsSource(nameof(Workloads))]
    public Workload Workload { get; set; } = null!;

    public static IEnumerable<Workload> Workloads => Workload.All;

    [GlobalSetup]
    public void Setup()
    {
        TorchRuntime.Initialize(threads: 1);
        microbatches = Workload.Microbatches(Math.Max(1, LeastTokens / Workload.SequenceLength / Workload.Sequences), seed: 1);
        heads = new HeadTensors(Workload.Model, microbatches[0].Tokens, seed: 2);
    }

    [GlobalCleanup]
    public void Cleanup() => heads?.Dispose();

    [Benchmark(Description = "windows 128")]
    public void Windows128() => ForwardBackward(AttentionVariant.Windows128);

    [Benchmark(Description = "equal lengths")]
    public void EqualLengths() => ForwardBackward(AttentionVariant.EqualLengths);

    [Benchmark(Description = "buckets of 64")]
    public void Buckets64() => ForwardBackward(AttentionVariant.Buckets64);

    protected override void ForwardBackward(AttentionVariant variant)
    {
        foreach (var rows in microbatches)
        {
            using var scope = NewDisposeScope();
            var attention = variant.Create(rows, CPU);
            using var release = attention as IDisposable;
            using var attended = attention.Attend(0, heads!.Queries, heads.Keys, heads.Values);
            var gradients = autograd.grad([attended], [heads.Queries, heads.Keys, heads.Values], [heads.ResultGradient]);
            foreach (var gradient in gradients) gradient.Dispose();
        }
    }
}
