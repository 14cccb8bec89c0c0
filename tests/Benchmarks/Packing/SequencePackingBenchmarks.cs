using BenchmarkDotNet.Attributes;
using MiniMind.Benchmarks.Attention;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Benchmarks.Packing;

/// <summary>
/// Packing of 8,192 documents by the size of the window that is sorted and placed together, against copying their tokens, which is the
/// least that any packer does.
/// </summary>
public class SequencePackingBenchmarks
{
    private const int Documents = 8192;
    private const int SequenceLength = 340;

    private IReadOnlyList<EncodedDocument> documents = [];

    [GlobalSetup]
    public void Setup() => documents = GeneratedDocuments.Of(DocumentLengths.Pretrain, Documents, seed: 1);

    [Benchmark(Description = "copy", Baseline = true)]
    public long Copy()
    {
        var slots = 0L;
        foreach (var (ids, _) in documents) slots += ids[..^1].Length + ids[1..].Length;
        return slots;
    }

    [Benchmark(Description = "window of 4096 (default)")]
    public int Default() => Pack(4096);

    [Benchmark(Description = "window of 512")]
    public int Small() => Pack(512);

    [Benchmark(Description = "window of 1: in order")]
    public int One() => Pack(1);

    private int Pack(int window) => GeneratedDocuments.Pack(documents, new PackingOptions { SequenceLength = SequenceLength, WindowPieces = window }).Count;
}
