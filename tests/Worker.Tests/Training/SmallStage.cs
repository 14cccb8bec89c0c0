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

    /// <summary>The model with fewer layers.</summary>
    public static string ModelOf(int layers) => HuggingFaceConfig.Serialize(Model with { Layers = layers });

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
            var path = _folder.File($"{Interlocked.Increment(ref _made)}.shard");
            using var writer = new ShardWriter(path, Length, Vocabulary);
            for (var i = 0; i < count; i++) writer.Write(Sequence(random));
            writer.Complete();
            return path;
        })];
    }

    /// <summary>The stage's specification with shards that the store has.</summary>
    public StageSpec Stored()
    {
        var spec = Spec;
        spec.Tokenizer.Add(_tokenizer);
        spec.TrainingShards.AddRange(Shards(8, 13).Select(Store));
        spec.ValidationShards.AddRange(Shards(7).Select(Store));
        spec.CheckpointInterval = spec.ValidationInterval = -1;
        spec.Deadlines = new Deadlines { PeerSeconds = 60 };
        return spec;

        ArtifactRef Store(string path) => _store.Add(Path.GetFileName(path), File.ReadAllBytes(path));
    }

    /// <summary>A worker's connection to the store.</summary>
    public ArtifactClient Client() =>
        new(new SingleStore(_channel), new ArtifactCache(new ArtifactCacheOptions { Folder = _folder.File("cache") }, TimeProvider.System), new RetryOptions(), TimeProvider.System);

    /// <summary>A name in the stage's folder.</summary>
    public string PathOf(string name) => _folder.File(name);

    public StageData Data()
    {
        var data = new StageData(Spec, Shards(8, 13), Shards(7));
        _owned.Add(data);
        return data;
    }

    /// <summary>A worker's trainer, without weights yet.</summary>
    public async Task<(Trainer Trainer, TrainingState State)> TrainerAsync()
    {
        var process = await ProcessAsync(Spec, Shards(8, 13), Shards(7));
        _owned.Add(process);
        return (process.Trainer, process.State);
    }

    /// <summary>What a worker process has in a stage of its own; the caller disposes it.</summary>
    public async Task<TrainerProcess> ProcessAsync(StageSpec spec, IReadOnlyList<string> training, IReadOnlyList<string> validation)
    {
        var cache = new ArtifactCache(new ArtifactCacheOptions { Folder = _folder.File("cache") }, TimeProvider.System);
        var scratch = _folder.File($"scratch-{Interlocked.Increment(ref _made)}");
        var files = new StageFiles(new ArtifactClient(new SingleStore(_channel), cache, new RetryOptions(), TimeProvider.System), scratch, spec);
        await files.FetchTokenizerAsync([_tokenizer], default);
        var state = TrainingState.Create(HuggingFaceConfig.Parse(spec.ModelConfigJson, "the test's model"));
        var compute = new ComputeThread();
        return new TrainerProcess(new Trainer(spec, files, new StageData(spec, training, validation), state, compute), state, compute, files);
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

/// <summary>A trainer with all that belongs to its process.</summary>
internal sealed record TrainerProcess(Trainer Trainer, TrainingState State, ComputeThread Compute, StageFiles Files) : IDisposable
{
    public void Dispose()
    {
        Trainer.Dispose();
        Compute.Dispose();
        Files.Dispose();
    }
}
