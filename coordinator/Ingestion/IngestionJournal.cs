using System.Text.Json;
using MiniMind.Coordinator.Storage;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// How far the encoding of a folder's data has come, written after every chunk: what a process finds that goes on with it. What lies in the folder and is not
/// mentioned here belongs to a chunk that was not finished.
/// </summary>
/// <param name="Pass">The reading in which to go on.</param>
/// <param name="Line">Line number to go on with.</param>
/// <param name="Offset">Its first byte in the decompressed text.</param>
/// <param name="Training">Complete shards to train on.</param>
/// <param name="Validation">Complete shards to validate on.</param>
/// <param name="Lines">What became of the lines before.</param>
internal sealed record IngestionJournal(int Pass, long Line, long Offset, ShardSet Training, ShardSet Validation, LineReport Lines)
{
    private const string FileName = "journal.json";

    public LinePlace Place => new(Line, Offset);

    /// <summary>Reads a folder's journal, and removes the rests of an unfinished chunk. Null: everything is to be done.</summary>
    public static IngestionJournal? Open(string folder)
    {
        var journal = Read(Path.Combine(folder, FileName));
        var kept = (journal is null ? [] : journal.Training.Shards.Concat(journal.Validation.Shards)).ToDictionary(shard => shard.File, shard => shard.Size);
        if (journal is not null && !kept.All(shard => new FileInfo(Path.Combine(folder, shard.Key)) is { Exists: true } file && file.Length == shard.Value))
        {
            (journal, kept) = (null, []);
            File.Delete(Path.Combine(folder, FileName));
        }

        foreach (string file in Directory.GetFiles(folder))
            if (!kept.ContainsKey(Path.GetFileName(file)) && (journal is null || Path.GetFileName(file) != FileName)) File.Delete(file);
        return journal;
    }

    /// <summary>Replaces the folder's journal; the shards must be on the disk already.</summary>
    public Task SaveAsync(string folder) => AtomicFile.WriteAsync(Path.Combine(folder, FileName), stream => JsonSerializer.SerializeAsync(stream, this));

    /// <summary>The folder is complete and needs none any more; one that cannot be deleted does no harm there.</summary>
    public static void Remove(string folder)
    {
        try
        {
            File.Delete(Path.Combine(folder, FileName));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Nobody reads it again.
        }
    }

    private static IngestionJournal? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<IngestionJournal>(File.ReadAllBytes(path)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
