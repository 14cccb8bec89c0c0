using System.Text.Json;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Text.Packing;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.Tests.Ingestion;

/// <summary>A folder with data files, a small tokenizer and a cache.</summary>
internal sealed class IngestionFixture : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("minimind-ingestion-").FullName;

    public IngestionFixture()
    {
        BpeTrainer.Train(["the dog and the fox"], new BpeTrainerOptions { VocabularySize = 300 }).Save(Path.Combine(_folder, "tokenizer"));
        Tokenizer = Tokenizer.Load(Path.Combine(_folder, "tokenizer"));
    }

    public Tokenizer Tokenizer { get; }

    /// <summary>What lies in the cache, locks aside.</summary>
    public IEnumerable<string> Cached => Directory.GetFileSystemEntries(Cache).Where(path => !Path.GetFileName(path).StartsWith(".lock-", StringComparison.Ordinal));

    public string Cache => Path.Combine(_folder, "cache");

    public string Write(string name, params string[] lines)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, string.Join('\n', lines));
        return path;
    }

    /// <summary>A compressed copy of a file.</summary>
    public static string Compress(string path, string ending)
    {
        using var source = File.OpenRead(path);
        using var file = File.Create(path + ending);
        using Stream packed = ending == ".gz" ? new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionLevel.Fastest) : new ZstdSharp.CompressionStream(file);
        source.CopyTo(packed);
        return path + ending;
    }

    public string WriteTexts(string name, IEnumerable<string> texts) =>
        Write(name, [.. texts.Select(text => JsonSerializer.Serialize(new { text }))]);

    public DatasetRequest Request(params string[] files) => new()
    {
        Kind = "pretrain",
        Sources = [.. files.Select(file => new DataSource(file))],
        Tokenizer = Tokenizer,
        Packing = new PackingOptions { SequenceLength = 32 },
        CacheFolder = Cache,
    };

    public static Task<IngestedDataset> Ingest(DatasetRequest request, IProgress<IngestionProgress>? progress = null, CancellationToken ct = default) =>
        new DatasetIngestion(TimeProvider.System).IngestAsync(request, progress, ct);

    /// <summary>Text of every document in a manifest's shards, without special tokens.</summary>
    public List<string> Texts(IngestedDataset dataset, ShardManifest manifest)
    {
        var texts = new List<string>();
        foreach (string path in dataset.Paths(manifest))
        {
            using var reader = ShardReader.Open(path);
            for (long index = 0; index < reader.Count; index++)
            {
                var sequence = reader.Read(index);
                var ends = sequence.DocumentStarts.Skip(1).Append(sequence.Tokens.Length);
                texts.AddRange(sequence.DocumentStarts.Zip(ends)
                    .Where(document => sequence.Targets[document.First..document.Second].Any(target => target != PackedSequence.NoTarget))
                    .Select(document => Tokenizer.Decode(sequence.Tokens[document.First..document.Second])));
            }
        }

        return texts;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
