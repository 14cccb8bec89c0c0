using MiniMind.Chaos.Faults;
using MiniMind.Chaos.Network;
using MiniMind.TestKit;

namespace MiniMind.Chaos;

/// <summary>What to train and how to disturb it.</summary>
/// <param name="Seed">Decides the faults.</param>
/// <param name="Workers">Worker processes at the start.</param>
/// <param name="Faults">Number of faults.</param>
/// <param name="Kind">Stage that is disturbed: <see cref="Pretrain"/> or <see cref="Sft"/>.</param>
public sealed record ChaosOptions(int Seed, int Workers, int Faults, string Kind)
{
    /// <summary>Pretraining.</summary>
    public const string Pretrain = "pretrain";

    /// <summary>Fine-tuning, after a short undisturbed pretraining.</summary>
    public const string Sft = "sft";

    /// <summary>User-space proxies on loopback.</summary>
    public const string Proxies = "proxies";

    /// <summary>Network namespaces.</summary>
    public const string Namespaces = "namespaces";

    /// <summary>Rate of the links between network namespaces, unless another one is given.</summary>
    public static readonly LinkRate StandardRate = new(1000_000_000);

    /// <summary>Between proxies bytes are late, so that a step takes long enough to be disturbed, on a machine however fast.</summary>
    private static readonly TimeSpan WireLength = TimeSpan.FromMilliseconds(20);

    /// <summary>Steps for each fault: time enough for a killed worker to come back.</summary>
    private const int StepsPerFault = 40;

    /// <summary>What disturbs workers and a coordinator, whatever is between them.</summary>
    private static readonly FaultKind[] OfProcesses =
    [
        FaultKind.KillWorker, FaultKind.StopWorker, FaultKind.EndWorker, FaultKind.AddWorker, FaultKind.KillAllWorkers, FaultKind.KillTwoWorkers,
        FaultKind.KillWriter, FaultKind.KillSource, FaultKind.KillCoordinator,
    ];

    /// <summary>Network between the processes: <see cref="Proxies"/> or <see cref="Namespaces"/>.</summary>
    public string Network { get; init; } = Proxies;

    /// <summary>Of each link between network namespaces.</summary>
    public LinkRate Rate { get; init; } = StandardRate;

    /// <summary>Two coordinators share the run through a Redis, which is disturbed, too.</summary>
    public bool Redis { get; init; }

    /// <summary>The coordinator that leads is also stopped and continued.</summary>
    public bool StopCoordinator { get; init; }

    /// <summary>The worker processes' network.</summary>
    /// <param name="roster">Who opens connections.</param>
    /// <param name="time">For delays.</param>
    public INetwork NewNetwork(Roster roster, TimeProvider time) => Network == Namespaces ? new NamespaceNetwork(Rate) : new ProxyNetwork(roster, time, WireLength);

    /// <summary>Kinds of faults that are drawn.</summary>
    /// <param name="ofNetwork">Those of the network.</param>
    public IReadOnlyList<FaultKind> Kinds(IReadOnlyList<FaultKind> ofNetwork) =>
        [.. OfProcesses, .. ofNetwork, .. If(Redis, FaultKind.RestartRedis), .. If(StopCoordinator, FaultKind.StopCoordinator)];

    private int StepsPerEpoch => Kind == Pretrain ? TinyProject.PretrainSteps : TinyProject.SftSteps;

    private int Epochs => (Faults * StepsPerFault + StepsPerEpoch - 1) / StepsPerEpoch;

    /// <summary>Steps of the disturbed stage.</summary>
    public long Steps => (long)Epochs * StepsPerEpoch;

    /// <summary>Index of the disturbed stage in the run; the tokenizer's is 0.</summary>
    public int StageIndex => Kind == Pretrain ? 1 : 2;

    /// <summary>What the run gets beside the run file: a model whose steps take long enough to be disturbed.</summary>
    public IReadOnlyList<string> RunOptions =>
    [
        .. Set("model.hidden_size=64"), .. Set("model.layers=4"), .. Set($"{Kind}.epochs={Epochs}"),
        .. Set($"{Kind}.learning_rate=1e-3"), .. Set($"{Kind}.validation_interval=50"), .. Set($"{Kind}.checkpoint_interval=30"), .. Set($"{Kind}.spot_check_interval=7"),
        // Nothing is fine-tuned when pretraining is what is disturbed.
        .. Kind == Pretrain ? Set($"{Sft}.epochs=1") : [],
    ];

    /// <summary>How to have the same faults again.</summary>
    public string Replay => string.Join(' ',
    [
        $"--seed {Seed} --workers {Workers} --faults {Faults} --kind {Kind}", .. If(Network == Namespaces, $"--network {Network} --rate {Rate}"),
        .. If(Redis, "--redis"), .. If(StopCoordinator, "--stop-coordinator"),
    ]);

    private static T[] If<T>(bool condition, T value) => condition ? [value] : [];

    private static string[] Set(string setting) => ["--set", setting];
}
