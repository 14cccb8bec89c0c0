using BenchmarkDotNet.Attributes;
using MiniMind.Benchmarks.Attention;
using MiniMind.Text.Packing;

namespace MiniMind.Benchmarks.Packing;

/// <summary>Reading every sequence of a shard, in order and at random as training does, against reading the file's bytes.</summary>
public class ShardReadingBenchmarks
{
    private const int Documents = 8192;
    private const int SequenceLength = 340;

    private string path = "";
    private ShardReader? reader;
    private long[] shuffled = [];

    [GlobalSetup]
    public void Setup()
    {
        path = Path.Combine(Directory.CreateTempSubdirectory("shard-").FullName, "one.shard");
        var documents = GeneratedDocuments.Of(DocumentLengths.Pretrain, Documents, seed: 1);
        using (var writer = new ShardWriter(path, SequenceLength, GeneratedDocuments.Vocabulary))
        {
            foreach (var sequence in GeneratedDocuments.Pack(documents, new PackingOptions { SequenceLength = SequenceLength })) writer.Write(sequence);
            writer.Complete();
        }

        reader = ShardReader.Open(path);
        shuffled = [.. Enumerable.Range(0, (int)reader.Count).Select(index => (long)index)];
        new Random(2).Shuffle(shuffled);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        reader?.Dispose();
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Benchmark(Description = "bytes of the file", Baseline = true)]
    public int Bytes() => File.ReadAllBytes(path).Length;

    [Benchmark(Description = "sequences in order")]
    public long InOrder()
    {
        var documents = 0L;
        for (var index = 0L; index < reader!.Count; index++) documents += reader.Read(index).DocumentStarts.Length;
        return documents;
    }

    [Benchmark(Description = "sequences at random")]
    public long AtRandom() => shuffled.Sum(index => (long)reader!.Read(index).DocumentStarts.Length);
}
