using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// Turns data files into shards, once for ever:
/// <list type="number">
/// <item>hash the files and settings into a key; if the cache has it, done;</item>
/// <item>read and encode lines on several threads, in order;</item>
/// <item>hold some documents out for validation;</item>
/// <item>pack documents into sequences, a shard for every so many bytes of text, and write shards, journal and manifests.</item>
/// </list>
/// </summary>
public sealed class DatasetIngestion(TimeProvider time)
{
    /// <exception cref="InputException">
    /// A file is missing or empty, lines are bad (and may not be skipped), or nothing is left to train on.
    /// </exception>
    /// <exception cref="DiskFullException">The cache folder's disk is full.</exception>
    /// <exception cref="IOException">The cache folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">What was encoded so far is kept for the next call.</exception>
    public async Task<IngestedDataset> IngestAsync(DatasetRequest request, IProgress<IngestionProgress>? progress, CancellationToken ct)
    {
        request.Check();
        var encoder = DocumentEncoders.For(request.Kind, request.Tokenizer, request.Variation);
        var packing = request.Packing with { Padding = request.Tokenizer.Padding };
        var files = request.Files;
        var stamps = new SourceStamps(files);
        var meter = new ProgressMeter(progress, files.Sum(SizeOf));
        string key = await DatasetKey.ComputeAsync(request, encoder, packing.Settings, bytes => meter.Add(bytes, 0), ct);
        var cache = new DatasetCache(request.CacheFolder, time);
        if (cache.Find(key) is { } known) return known;
        var about = new CacheEntryAbout(request.Kind, files, Path.GetDirectoryName(request.Tokenizer.Files[0]) ?? "", packing.SequenceLength);
        var passes = SourcePass.Of(request);
        void Begin(IngestionPhase phase) => meter.Begin(phase, passes.Sum(pass => SizeOf(pass.Path)));
        try
        {
            return await cache.AddAsync(key, about, async folder =>
            {
                Begin(IngestionPhase.Encoding);
                using var filling = new FolderFilling(request, encoder, packing, passes, stamps, folder, meter);
                return await filling.RunAsync(ct);
            }, () => Begin(IngestionPhase.Waiting), ct);
        }
        catch (IOException fault) when (DiskFull.IsCause(fault))
        {
            throw new DiskFullException(request.CacheFolder, "what was encoded is kept, to go on with", "--set cache=DIR", fault);
        }
    }

    private static long SizeOf(string path) => new FileInfo(path).Length;
}
