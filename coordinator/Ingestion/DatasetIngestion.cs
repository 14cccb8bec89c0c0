using System.Buffers.Binary;
using System.Security.Cryptography;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// Turns JSONL files into shards, once for ever:
/// <list type="number">
/// <item>hash the files and settings into a key; if the cache has it, done;</item>
/// <item>read and encode lines on several threads, in order;</item>
/// <item>hold some documents out for validation;</item>
/// <item>pack documents into sequences and write shards and manifests.</item>
/// </list>
/// </summary>
public sealed class DatasetIngestion
{
    private const long ShardBytes = 64 << 20;

    /// <exception cref="InputException">
    /// A file is missing or empty, lines are bad (and may not be skipped), or nothing is left to train on.
    /// </exception>
    /// <exception cref="IOException">The cache folder cannot be written; the message says so when the disk is full.</exception>
    public async Task<IngestedDataset> IngestAsync(DatasetRequest request, IProgress<IngestionProgress>? progress, CancellationToken ct)
    {
        request.Check();
        var encoder = DocumentEncoders.For(request.Kind, request.Tokenizer);
        var packing = request.Packing with { Padding = request.Tokenizer.Padding };
        var meter = new ProgressMeter(progress, request.Files.Concat(request.ValidationFiles).Sum(file => new FileInfo(file).Length));
        string key = await DatasetKey.ComputeAsync(request, encoder, packing.Settings, bytes => meter.Add(bytes, 0), ct);
        var cache = new DatasetCache(request.CacheFolder);
        if (cache.Find(key) is { } known) return known;
        meter.Begin(IngestionPhase.Encoding);
        try
        {
            return await cache.AddAsync(key, folder => FillAsync(request, encoder, packing, folder, meter, ct));
        }
        catch (IOException fault) when (DiskFull.IsCause(fault))
        {
            throw DiskFull.Explain(request.CacheFolder, fault);
        }
    }

    private static async Task<(ShardManifest Training, ShardManifest? Validation, BadLineReport BadLines)> FillAsync(
        DatasetRequest request, IDocumentEncoder encoder, PackingOptions packing, string folder, ProgressMeter meter, CancellationToken ct)
    {
        var pipeline = new EncodingPipeline(encoder, request.Threads);
        var bad = new BadLineLog();
        int perShard = request.SequencesPerShard ?? (int)Math.Max(1, ShardBytes / (packing.SequenceLength * 2L));
        using var training = new ShardSetWriter(folder, "train", packing, request.Tokenizer.VocabularySize, perShard);
        using var validation = new ShardSetWriter(folder, "valid", packing, request.Tokenizer.VocabularySize, perShard);
        double held = request.ValidationFiles.Count > 0 ? 0 : request.ValidationFraction;

        async Task TakeAsync(IReadOnlyList<string> files, Func<EncodedLine, ShardSetWriter> side)
        {
            await foreach (var batch in pipeline.RunAsync(files, ct))
            {
                foreach (var line in batch.Lines)
                {
                    if (line.Document is null) bad.Add(batch.File, line.Line.Number, line.Fault!);
                    else if (bad.IsEmpty || request.BadLines == BadLines.Skip) side(line).Add(line.Document); // Otherwise only counting on.
                }

                meter.Add(batch.Bytes, batch.Lines.Count);
            }
        }

        await TakeAsync(request.Files, line => IsHeldOut(line.Line.Bytes.Span, held) ? validation : training);
        await TakeAsync(request.ValidationFiles, _ => validation);
        if (!bad.IsEmpty && request.BadLines == BadLines.Fail) throw bad.ToException();
        var trained = training.Complete();
        var validated = validation.Complete();
        if (trained.Sequences == 0) throw NothingToTrainOn(request, trained.Totals.Dropped, bad);
        return (trained, validated.Sequences > 0 ? validated : null, bad.Report);
    }

    /// <summary>Decided by the line's bytes alone: equal lines never end on both sides.</summary>
    private static bool IsHeldOut(ReadOnlySpan<byte> line, double fraction)
    {
        if (fraction <= 0) return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(line, hash);
        double uniform = (BinaryPrimitives.ReadUInt64LittleEndian(hash) >> 11) * (1.0 / (1UL << 53));
        return uniform < fraction;
    }

    private static InputException NothingToTrainOn(DatasetRequest request, long dropped, BadLineLog bad) => new(
        $"{string.Join(", ", request.Files)}: no document is left to train on ({dropped:N0} without a target, {bad.Report.Count:N0} bad lines"
        + $"{string.Concat(bad.Report.First.Take(1).Select(line => ", the first " + line))}).");
}
