using Grpc.Net.Client;
using MiniMind.Protos;
using MiniMind.Text.Configuration;
using MiniMind.Text.Packing;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Artifacts;
using MiniMind.Worker.Tests.Artifacts;
using MiniMind.Worker.Training;

namespace MiniMind.Worker.Tests.Training;

/// <summary>A stage of a model with a few hundred weights, its shards and its artifact store.</summary>
internal sealed class SmallStage : IAsyncDisposable
{
    public const int Length = 12;
    public const int Vocabulary = 23;
    public const int Sequences = 21;

    private readonly TempFolder _folder = new();
    private readonly List<IDisposable> _owned = [];
    private TestStore _store = null!;
    private GrpcChannel _channel = null!;
    private ArtifactRef _tokenizer = null!;
    private int _made;

    private static readonly ModelConfig Model = new()
    {
        Name = "small", HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 1, FeedForwardSize = 24, VocabularySize = Vocabulary, InitializerRange = 0.3,
    };

    public static StageSpec Spec => new()
    {
        RunId = "run", Identity = "identity", Stage = "pretrain", Kind = "pretrain", ModelConfigJson = HuggingFaceConfig.Serialize(Model),
        SequenceLength = Length, Lanes = 4, MicrobatchesPerLane = 2, SequencesPerMicrobatch = 2, Epochs = 2, TrainingSequences = Sequences,
        ValidationSequences = 7, TotalSteps = 4, Seed = 5, Threads = 1, Device = "cpu",
        Hyperparameters = new Hyperparameters
        {
            LearningRate = 0.01, Schedule = "cosine", WeightDecay = 0.01, Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8, ClipNorm = 1,
        },
    };

    public static async Task<SmallStage> CreateAsync()
    {
        TorchRuntime.Initialize(threads: 1);
        var stage = new SmallStage { _store = await TestStore.StartAsync() };
        stage._channel = ChannelFactory.ForTransfer(stage._store.Address);
        stage._tokenizer = stage._store.Add("tokenizer.json", "{}"u8.ToArray());
        return stage;
    }

    /// <summary>Shards of random sequences; the same numbers give the same shards.</summary>
    public IReadOnlyList<string> Shards(params int[] sequences)
    {
        var random = new Random(7);
        return [.. sequences.Select(count =>
        {
            var path = _folder.File($"{_made++}.shard");
            using var writer = new ShardWriter(path, Length, Vocabulary);
            for (var i = 0; i < count; i++) writer.Write(Sequence(random));
            writer.Complete();
            return path;
        })];
    }

    public StageData Data()
    {
        var data = new StageData(Spec, Shards(8, 13), Shards(7));
        _owned.Add(data);
        return data;
    }

    /// <summary>A worker's trainer, without weights yet.</summary>
    public async Task<(Trainer Trainer, TrainingState State)> TrainerAsync()
    {
        var cache = new ArtifactCache(new ArtifactCacheOptions { Folder = _folder.File("cache") }, TimeProvider.System);
        var files = new StageFiles(new ArtifactClient(new SingleStore(_channel), cache, new RetryOptions(), TimeProvider.System), _folder.File($"scratch-{_made++}"), Spec);
        await files.FetchTokenizerAsync([_tokenizer], default);
        var state = TrainingState.Create(Model);
        var compute = new ComputeThread();
        var trainer = new Trainer(Spec, files, new StageData(Spec, Shards(8, 13), Shards(7)), state, compute);
        _owned.Add(trainer);
        _owned.Add(compute);
        _owned.Add(files);
        return (trainer, state);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in _owned) owned.Dispose();
        _channel.Dispose();
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    private static PackedSequence Sequence(Random random)
    {
        var tokens = Enumerable.Range(0, Length).Select(_ => random.Next(Vocabulary)).ToArray();
        var second = random.Next(3, Length - 2);
        var targets = new int[Length];
        for (var i = 0; i < Length; i++)
        {
            var last = i == second - 1 || i == Length - 1;
            targets[i] = random.Next(4) == 0 ? PackedSequence.NoTarget : last ? 1 : tokens[i + 1];
        }
        return new PackedSequence { Tokens = tokens, Targets = targets, DocumentStarts = [0, second] };
    }
}
