using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>Data in the cache, ready to train on.</summary>
/// <param name="Key">Hash of everything that decided it; the name of its folder.</param>
/// <param name="Folder">Where the shards are.</param>
/// <param name="Training">Shards to train on; at least one sequence.</param>
/// <param name="Validation">Shards to validate on; null when no document was held out.</param>
/// <param name="Lines">What became of the files' lines.</param>
/// <param name="FromCache">Whether it was there already.</param>
public sealed record IngestedDataset(
    string Key, string Folder, ShardManifest Training, ShardManifest? Validation, LineReport Lines, bool FromCache)
{
    /// <summary>Full paths of a manifest's shards, in order.</summary>
    public IReadOnlyList<string> Paths(ShardManifest manifest) => manifest.Shards.Select(shard => Path.Combine(Folder, shard.File)).ToList();
}

/// <summary>
/// What became of lines. Every one is a document of either manifest (kept or dropped there), or bad, or left out; repeated ones are documents once more:
/// Read + Repeated = documents and dropped ones of both manifests + Bad.Count + LeftOut.
/// </summary>
/// <param name="Read">Lines that are not blank.</param>
/// <param name="LeftOut">Good lines that the weight of their file leaves out.</param>
/// <param name="Repeated">Documents that were taken again, by the weight of their file.</param>
/// <param name="Bad">Lines that could not be used.</param>
public sealed record LineReport(long Read, long LeftOut, long Repeated, BadLineReport Bad);

/// <summary>Lines that could not be used.</summary>
/// <param name="Count">How many.</param>
/// <param name="First">The first of them.</param>
public sealed record BadLineReport(long Count, IReadOnlyList<BadLine> First)
{
    /// <summary>The first of them as file:line: reason.</summary>
    /// <param name="files">Paths in the order in which they were read: as they are called now, whoever read them.</param>
    public IReadOnlyList<string> Quote(IReadOnlyList<string> files) => [.. First.Select(line => $"{files[line.File]}:{line.Number}: {line.Reason}")];
}

/// <summary>A line that could not be used.</summary>
/// <param name="File">Index of its file: equal content has one place in the cache, whatever its files are called.</param>
/// <param name="Number">Line number, from 1.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record BadLine(int File, long Number, string Reason);

/// <summary>How far ingestion is.</summary>
/// <param name="Phase">What is going on.</param>
/// <param name="BytesDone">Bytes of the data files that this phase has read.</param>
/// <param name="BytesTotal">Bytes of all data files, as often as they are read.</param>
/// <param name="Documents">Documents encoded so far.</param>
public sealed record IngestionProgress(IngestionPhase Phase, long BytesDone, long BytesTotal, long Documents);

/// <summary>What ingestion is about.</summary>
public enum IngestionPhase
{
    /// <summary>Hashing the files, which says whether the cache has them.</summary>
    Hashing,

    /// <summary>Another process is encoding the same data.</summary>
    Waiting,

    /// <summary>Encoding and packing.</summary>
    Encoding,
}
