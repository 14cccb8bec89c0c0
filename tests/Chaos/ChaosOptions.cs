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

    /// <summary>Steps for each fault: on the machine that this was tried on, time enough for a killed worker to come back.</summary>
    private const int StepsPerFault = 40;

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
    public string Replay => $"--seed {Seed} --workers {Workers} --faults {Faults} --kind {Kind}";

    private static string[] Set(string setting) => ["--set", setting];
}
