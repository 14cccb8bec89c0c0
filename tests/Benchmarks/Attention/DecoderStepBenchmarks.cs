using BenchmarkDotNet.Attributes;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>
/// Forward and backward of one decoder layer of the workload's model around each attention: what the choice is worth in training. The
/// vocabulary projection and its loss are left out, which would lessen the differences further.
/// </summary>
public class DecoderStepBenchmarks : VariantBenchmarks
{
    private TrainingState? state;
    private DocumentRows? rows;
    private Tensor? embedded;
    private Tensor? hiddenGradient;

    [ParamsSource(nameof(Workloads))]
    public Workload Workload { get; set; } = null!;

    public static IEnumerable<Workload> Workloads =>
    [
        new(ModelPresets.Tiny, 128, 1, DocumentLengths.Toy),
        new(ModelPresets.Tiny, 512, 1, DocumentLengths.Verses),
        new(ModelPresets.MiniMind3, 340, 1, DocumentLengths.Pretrain),
        new(ModelPresets.MiniMind3, 768, 1, DocumentLengths.Dialogues),
    ];

    [GlobalSetup]
    public void Setup()
    {
        TorchRuntime.Initialize(threads: 1);
        rows = Workload.Microbatches(1, seed: 1)[0];
        state = TrainingState.Create(Workload.Model with { Layers = 1, VocabularySize = 64 });
        state.Initialize(seed: 1);
        using var generator = new Generator(2, CPU);
        embedded = randn([rows.Tokens, Workload.Model.HiddenSize], generator: generator).requires_grad_();
        hiddenGradient = randn([rows.Tokens, Workload.Model.HiddenSize], generator: generator);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        state?.Dispose();
        embedded?.Dispose();
        hiddenGradient?.Dispose();
    }

    protected override void ForwardBackward(AttentionVariant variant)
    {
        using var scope = NewDisposeScope();
        var attention = variant.Create(rows!, CPU);
        using var release = attention as IDisposable;
        var positions = rows!.Documents.SelectMany(length => Enumerable.Range(0, length).Select(at => (long)at)).ToArray();
        var hidden = state!.Decoder.Forward(embedded!, state.Decoder.AnglesAt(positions), attention);
        hidden.backward([hiddenGradient!]);
    }
}
