using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using MiniMind.Coordinator.Audit;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Protos;
using MiniMind.Text.Packing;
using MiniMind.Text.Weights;

namespace MiniMind.Simulation.PowerCuts;

/// <summary>What the workers of a small run of two stages compute, whoever asks and however often. Its numbers are made up, but an audit finds them to agree.</summary>
internal sealed class ScriptedHistory
{
    private const int Lanes = 2;
    private const int Sequences = 5;
    private const int Length = 4;
    private const int Epochs = 2;
    private const int WeightBytes = 200;

    private readonly Dictionary<string, byte[]> _artifacts = [];

    private ScriptedHistory()
    {
        Settings = JsonSerializer.Serialize(new
        {
            seed = 7,
            stages = new[] { "pretrain", "sft" }.Select(name => new
            {
                stage = name, name, lanes = Lanes, microbatches_per_lane = 1, sequences_per_microbatch = 1, sequence_length = Length, epochs = Epochs,
            }),
        });
        Identity = RunIdentity.Compute(Settings, "t", ["p", "s"]);
        var previous = LedgerChain.Origin;
        foreach (var (index, name) in new[] { "pretrain", "sft" }.Index())
        {
            var stage = Stage(index, name);
            Stages.Add(stage);
            for (long step = 1; step <= stage.TotalSteps; step++)
            {
                var entry = Entry(stage, step, previous);
                Entries[(index, step)] = entry;
                previous = entry.Hash;
            }
        }
    }

    /// <summary>The only one.</summary>
    public static ScriptedHistory Instance { get; } = new();

    public string Settings { get; }

    public string Identity { get; }

    public static Dictionary<string, string> Inputs => new() { ["tokenizer"] = "t", ["pretrain.data"] = "p", ["sft.data"] = "s" };

    public List<StageSpec> Stages { get; } = [];

    public Dictionary<(int Stage, long Step), LedgerEntry> Entries { get; } = [];

    /// <summary>Content of an artifact.</summary>
    public byte[] this[ArtifactRef file] => _artifacts[file.Sha256];

    /// <summary>The checkpoint of a step.</summary>
    public CheckpointWritten Checkpoint(StageSpec stage, long step)
    {
        var head = Convert.ToHexStringLower(Entries[(stage.StageIndex, step)].Hash.Span);
        var written = new CheckpointWritten { StageIndex = stage.StageIndex, Step = step, LedgerHash = head };
        var header = "{\"w\":{}}"u8.ToArray();
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        written.Files.Add(stage.Tokenizer);
        written.Files.Add(Keep("model.safetensors", [.. length, .. header, .. Weights(stage, step)]));
        written.Files.Add(Keep("trainer.json", JsonSerializer.SerializeToUtf8Bytes(new
        {
            stage_index = stage.StageIndex, step, ledger = head, identity = Identity, seed = 7, next_sample = StateAudit.OrderOf(stage).Samples(step).End,
        })));
        return written;
    }

    private StageSpec Stage(int index, string name)
    {
        var stage = new StageSpec
        {
            Identity = Identity, StageIndex = index, Stage = name, Kind = name, Seed = 7, Lanes = Lanes, MicrobatchesPerLane = 1,
            SequencesPerMicrobatch = 1, SequenceLength = Length, Epochs = Epochs, TrainingSequences = Sequences,
        };
        stage.Tokenizer.Add(Keep("tokenizer.json", "{}"u8.ToArray()));
        stage.TrainingShards.Add(Keep("train-00000.shard", Shard(index)));
        stage.TotalSteps = StateAudit.OrderOf(stage).TotalSteps;
        return stage;
    }

    private static byte[] Weights(StageSpec stage, long step) => [.. Enumerable.Range(0, WeightBytes).Select(at => (byte)(at * 31 + step * 7 + stage.StageIndex))];

    private static LedgerEntry Entry(StageSpec stage, long step, ByteString previous)
    {
        var order = StateAudit.OrderOf(stage);
        var (first, end) = order.Samples(step);
        var taken = Enumerable.Range(0, Lanes).SelectMany(lane => order.Microbatch(step, lane, 0)).ToList();
        var digest = BlockDigest.ToBytes(BlockDigest.Combine([BlockDigest.OfBlock(Weights(stage, step))]));
        var entry = new LedgerEntry
        {
            Previous = previous, StageIndex = stage.StageIndex, Step = step, FirstSample = first, EndSample = end, WeightsDigest = ByteString.CopyFrom(digest),
            Sums = new TailSums { LossNumerator = 1.5 * step, Targets = taken.Sum(TargetsOf), Tokens = taken.Count * Length, Sequences = taken.Count },
        };
        entry.Hash = LedgerChain.Hash(entry);
        return entry;
    }

    private static int TargetsOf(long sequence) => 1 + (int)sequence % Length;

    private static byte[] Shard(int stage)
    {
        var folder = Directory.CreateTempSubdirectory("minimind-simulation-").FullName;
        var path = Path.Combine(folder, "shard");
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
        Directory.Delete(folder, recursive: true);
        return bytes;
    }

    private ArtifactRef Keep(string name, byte[] content)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        _artifacts[sha256] = content;
        return new ArtifactRef { Name = name, Sha256 = sha256, Size = content.Length };
    }
}
