using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Audit;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Storage;
using MiniMind.Coordinator.Tests.Ledger;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Protos;
using MiniMind.Text.Packing;
using MiniMind.Text.Weights;
using Orleans.Storage;

namespace MiniMind.Coordinator.Tests.Audit;

/// <summary>The folder of a complete run of two stages, written by the parts that write real ones; its numbers are made up, but agree.</summary>
internal sealed class FinishedRun : IDisposable
{
    private const int Lanes = 2;
    private const int Sequences = 5;
    private const int Length = 4;

    private readonly TemporaryFolder _temporary = new();
    private readonly ArtifactStore _store;
    private readonly CheckpointFolders _folders;
    private readonly RunRecord _record;
    private readonly List<StageSpec> _stages = [];
    private GrainState<RunRecord>? _stored;

    private FinishedRun()
    {
        Folder = new RunFolder(_temporary.Path);
        _store = new ArtifactStore(Folder.Artifacts);
        _folders = new CheckpointFolders(Folder, _store);
        var settings = JsonSerializer.Serialize(new
        {
            seed = 7,
            stages = new[] { "pretrain", "sft" }.Select(name => new
            {
                stage = name, name, lanes = Lanes, microbatches_per_lane = 1, sequences_per_microbatch = 1, sequence_length = Length, epochs = 2,
            }),
        });
        _record = new RunRecord { Settings = settings, Inputs = new() { ["tokenizer"] = "t", ["pretrain.data"] = "p", ["sft.data"] = "s" } };
        _record.Identity = RunIdentity.Compute(settings, "t", ["p", "s"]);
    }

    public RunFolder Folder { get; }

    /// <summary>What is stored as the run's state; <see cref="StoreAsync"/> after changing it.</summary>
    public RunRecord Record => _record;

    /// <summary>Entries of the ledger; <see cref="WriteLedger"/> after changing them.</summary>
    public List<LedgerEntry> Ledger { get; } = [];

    public static async Task<FinishedRun> MakeAsync()
    {
        var run = new FinishedRun();
        await run.AddStageAsync(0, "pretrain");
        await run.AddStageAsync(1, "sft");
        var members = new MembershipRecord(run.Folder.Membership, TimeProvider.System);
        foreach (var number in new[] { 1, 2 })
        {
            var generation = new Generation { Number = number, Reason = "all workers are here" };
            members.Append(new MembershipEvent(MembershipEvent.Formed, number, ["a/1"], generation.Reason));
            run._record.Generation = generation.ToByteArray();
        }
        await run.StoreAsync();
        return run;
    }

    public Task<IReadOnlyList<AuditPart>> AuditAsync() => new RunAudit(Folder).RunAsync(CancellationToken.None);

    /// <summary>All faults of an audit.</summary>
    public async Task<string> FaultsAsync() => string.Join('\n', (await AuditAsync()).SelectMany(part => part.Faults));

    /// <summary>Stores the state as the coordinator does.</summary>
    public async Task StoreAsync()
    {
        using var storage = new FileGrainStorage(Folder.State);
        _stored ??= new GrainState<RunRecord>();
        _stored.State = _record;
        await storage.WriteStateAsync("run", GrainId.Create("run", "test"), _stored);
    }

    /// <summary>Makes it a run that was stopped after so many steps of its first stage, before any checkpoint.</summary>
    public async Task UnfinishAsync(int steps)
    {
        _record.CompletedStages.Clear();
        _record.Checkpoints.Clear();
        _record.Stages.RemoveAt(1);
        await StoreAsync();
        File.Delete(Folder.Latest);
        File.Delete(Folder.Best);
        Ledger.RemoveRange(steps, Ledger.Count - steps);
        WriteLedger();
    }

    /// <summary>Writes the ledger anew; each entry's link and hash are made to fit, so that the chain is whole.</summary>
    public void WriteLedger()
    {
        File.Delete(Folder.Ledger);
        var previous = LedgerChain.Origin;
        foreach (var entry in Ledger)
        {
            entry.Previous = previous;
            entry.Hash = previous = LedgerChain.Hash(entry);
        }
        Entries.Write(Folder.Ledger, Ledger);
    }

    public void Dispose() => _temporary.Dispose();

    private async Task AddStageAsync(int index, string name)
    {
        var stage = new StageSpec
        {
            Identity = _record.Identity, StageIndex = index, Stage = name, Kind = name, Seed = 7, Lanes = Lanes, MicrobatchesPerLane = 1,
            SequencesPerMicrobatch = 1, SequenceLength = Length, Epochs = 2, TrainingSequences = Sequences,
        };
        stage.Tokenizer.Add(await PutAsync("tokenizer.json", "{}"u8.ToArray()));
        stage.TrainingShards.Add(await PutAsync("train-00000.shard", Shard(index)));
        var order = StateAudit.OrderOf(stage);
        stage.TotalSteps = order.TotalSteps;
        _stages.Add(stage);
        var weights = new byte[64 + index];
        for (long step = 1; step <= order.TotalSteps; step++)
        {
            weights[0] = (byte)step;
            Ledger.Add(Entry(stage, order, step, BlockDigest.ToBytes(BlockDigest.Combine([BlockDigest.OfBlock(weights)]))));
        }
        WriteLedger();
        await AddCheckpointAsync(stage, order, weights);
        _record.Stages.Add(stage.ToByteArray());
        _record.CompletedStages.Add(index);
    }

    private static LedgerEntry Entry(StageSpec stage, SampleOrder order, long step, byte[] digest)
    {
        var (first, end) = order.Samples(step);
        var taken = Enumerable.Range(0, Lanes).SelectMany(lane => order.Microbatch(step, lane, 0)).ToList();
        return new LedgerEntry
        {
            StageIndex = stage.StageIndex, Step = step, FirstSample = first, EndSample = end, WeightsDigest = ByteString.CopyFrom(digest),
            Sums = new TailSums { LossNumerator = 1.5 * step, Targets = taken.Sum(TargetsOf), Tokens = taken.Count * Length, Sequences = taken.Count },
        };
    }

    private static int TargetsOf(long sequence) => 1 + (int)sequence % Length;

    private byte[] Shard(int stage)
    {
        var path = _temporary["shard"];
        using (var shard = new ShardWriter(path, Length, vocabularyBound: 100))
        {
            for (var at = 0; at < Sequences; at++)
            {
                int[] tokens = [.. Enumerable.Range(0, Length).Select(slot => stage + at + slot)];
                var targets = tokens.Select((token, slot) => slot < TargetsOf(at) ? token + 1 : PackedSequence.NoTarget).ToArray();
                shard.Write(new PackedSequence { Tokens = tokens, Targets = targets, DocumentStarts = [0] });
            }
            shard.Complete();
        }
        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

    private async Task AddCheckpointAsync(StageSpec stage, SampleOrder order, byte[] weights)
    {
        var head = Convert.ToHexStringLower(Ledger[^1].Hash.Span);
        var written = new CheckpointWritten { StageIndex = stage.StageIndex, Step = order.TotalSteps, LedgerHash = head };
        var header = Encoding.UTF8.GetBytes("{\"w\":{}}");
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        written.Files.Add(await PutAsync("model.safetensors", [.. length, .. header, .. weights]));
        written.Files.Add(await PutAsync("trainer.json", JsonSerializer.SerializeToUtf8Bytes(new
        {
            stage_index = stage.StageIndex, step = order.TotalSteps, ledger = head, identity = stage.Identity, seed = 7, next_sample = order.Samples(order.TotalSteps).End,
        })));
        await _folders.AssembleAsync(stage.Stage, written);
        var folder = _folders.RelativePathOf(stage.Stage, order.TotalSteps);
        CheckpointFolders.Link(Folder.Latest, folder);
        CheckpointFolders.Link(Folder.Best, folder);
        _record.Checkpoints.Add(new CheckpointRecord
        {
            StageIndex = stage.StageIndex, Step = order.TotalSteps, Folder = folder, LedgerHash = head, Written = written.ToByteArray(), ValidationLoss = 1, Best = true,
        });
    }

    private async Task<ArtifactRef> PutAsync(string name, byte[] content)
    {
        var sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));
        await _store.PutAsync(new MemoryStream(content), sha256, content.Length);
        return new ArtifactRef { Name = name, Sha256 = sha256, Size = content.Length };
    }
}
