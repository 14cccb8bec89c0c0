using System.Text.Json.Serialization;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Grains;

/// <summary>What is stored of a run: all that a new activation needs to go on.</summary>
[GenerateSerializer]
public sealed class RunRecord : IVersionedState
{
    /// <summary>Hash of all that may change bits; empty before the run is opened.</summary>
    [Id(0)]
    public string Identity { get; set; } = "";

    /// <summary>What the run file said, in its canonical text.</summary>
    [Id(5)]
    public string Settings { get; set; } = "{}";

    /// <summary>Hashes of its tokenizer and encoded data, by the key that names each in the run file; with <see cref="Settings"/> all of the identity.</summary>
    [Id(6)]
    public Dictionary<string, string> Inputs { get; set; } = [];

    /// <summary>Stages whose last checkpoint is complete, by index.</summary>
    [Id(1)]
    public List<int> CompletedStages { get; set; } = [];

    /// <summary>Newest generation, as bytes of the wire message; null before the first.</summary>
    [Id(2)]
    public byte[]? Generation { get; set; }

    /// <summary>Digest of the probe lane, the same for all workers of the run; null before the first.</summary>
    [Id(4)]
    public string? Probe { get; set; }

    /// <summary>Complete checkpoints that are kept, oldest first.</summary>
    [Id(3)]
    public List<CheckpointRecord> Checkpoints { get; set; } = [];

    /// <summary>Stages that have begun, in order, as StageSpec: what an audit needs beside the data.</summary>
    [Id(7)]
    public List<byte[]> Stages { get; set; } = [];

    /// <summary>All training stages of the run, in order, as StageSpec: another coordinator goes on with them without preparing the data anew.</summary>
    [Id(8)]
    public List<byte[]> Planned { get; set; } = [];

    /// <summary>Silo of the coordinator that drives the pipeline, where there are several; empty for none.</summary>
    [Id(9)]
    public string Leader { get; set; } = "";

    /// <summary>What the leading coordinator said when it brought the run to an end; null while the run goes on.</summary>
    [Id(10)]
    public string? Ending { get; set; }

    /// <inheritdoc/>
    [Id(11)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Version { get; set; }
}

/// <summary>One complete checkpoint.</summary>
[GenerateSerializer]
public sealed class CheckpointRecord
{
    [Id(0)]
    public int StageIndex { get; set; }

    [Id(1)]
    public long Step { get; set; }

    /// <summary>Folder, relative to the run's.</summary>
    [Id(2)]
    public string Folder { get; set; } = "";

    /// <summary>Ledger head at that step, hexadecimal.</summary>
    [Id(3)]
    public string LedgerHash { get; set; } = "";

    /// <summary>CheckpointWritten, as bytes of the wire message.</summary>
    [Id(4)]
    public byte[] Written { get; set; } = [];

    /// <summary>Validation loss of these weights, when it was measured.</summary>
    [Id(5)]
    public double? ValidationLoss { get; set; }

    /// <summary>Whether no checkpoint of the stage had a lower validation loss when it was written.</summary>
    [Id(6)]
    public bool Best { get; set; }
}
