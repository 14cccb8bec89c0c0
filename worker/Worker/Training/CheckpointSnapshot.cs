using System.Text.Json;
using MiniMind.Collectives.Membership;
using MiniMind.Protos;
using MiniMind.Text.Packing;

namespace MiniMind.Worker.Training;

/// <summary>Everything a checkpoint holds, copied at one moment.</summary>
/// <param name="Buffers">Weights, first moment, second moment: copies that nobody changes.</param>
/// <param name="OptimizerStep">Updates applied so far.</param>
internal sealed record CheckpointSnapshot(
    StageSpec Spec, Position Position, SampleOrder Order, IReadOnlyList<Memory<float>> Buffers, long OptimizerStep)
{
    /// <summary>Name of the file that says where training stood.</summary>
    public const string TrainerFile = "trainer.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Content of trainer.json; the same for the same step of the same run.</summary>
    public string TrainerJson() => JsonSerializer.Serialize(new
    {
        stage = Spec.Stage,
        stage_index = Spec.StageIndex,
        kind = Spec.Kind,
        step = Position.Step,
        total_steps = Spec.TotalSteps,
        epoch = Position.Step == 0 ? 0 : Order.Epoch(Position.Step),
        next_sample = Position.Step == 0 ? 0 : Order.Samples(Position.Step).End,
        optimizer_step = OptimizerStep,
        seed = Spec.Seed,
        identity = Spec.Identity,
        ledger = Convert.ToHexStringLower(Position.LedgerHead),
    }, Indented) + "\n";
}
