using MiniMind.Coordinator.Generations;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Generations;

/// <summary>Writes down what a stage's lead does, in order and in short.</summary>
internal sealed class RecordedEffects : IStageEffects
{
    public List<string> Done { get; } = [];

    public List<(string Worker, CoordinatorOrder Order)> Orders { get; } = [];

    public List<StepFacts?> Facts { get; } = [];

    public Task StoreAsync(Generation generation, string? probe)
    {
        Done.Add($"store {generation.Number}");
        return Task.CompletedTask;
    }

    public void Send(string worker, CoordinatorOrder order)
    {
        Orders.Add((worker, order));
        Done.Add($"{worker}: {Text(order)}");
    }

    public void Broadcast(CoordinatorOrder order)
    {
        Orders.Add(("*", order));
        Done.Add($"all: {Text(order)}");
    }

    public void Assemble(CheckpointWritten written) => Done.Add($"assemble {written.Step}");

    public Task RecordCheckpointAsync(CheckpointWritten written)
    {
        Done.Add($"checkpoint {written.Step}");
        return Task.CompletedTask;
    }

    public void Committed(LedgerEntry entry, StepFacts? facts, bool repeated)
    {
        Facts.Add(facts);
        Done.Add($"{(repeated ? "repeated" : "committed")} {entry.Step}");
    }

    public void Validated(Validated validated) => Done.Add($"validated {validated.Step}");

    public void Formed(Generation generation) => Done.Add($"formed {string.Join(' ', generation.Members.Select(member => member.Worker))}");

    public void Noticed(string worker, string state, string detail) => Done.Add($"{worker} {state}");

    public Task StageCompletedAsync()
    {
        Done.Add("completed");
        return Task.CompletedTask;
    }

    public Task HaltedAsync(long step, bool abandoned)
    {
        Done.Add($"halted {step}{(abandoned ? " (abandoned)" : "")}");
        return Task.CompletedTask;
    }

    public Task FailedAsync(string message, bool userError)
    {
        Done.Add($"failed{(userError ? " (user)" : "")}: {message}");
        return Task.CompletedTask;
    }

    /// <summary>Forgets what was done so far and returns it.</summary>
    public List<string> Take()
    {
        var done = Done.ToList();
        Done.Clear();
        return done;
    }

    private static string Text(CoordinatorOrder order) => order.OrderCase switch
    {
        CoordinatorOrder.OrderOneofCase.Generation => $"generation {order.Generation.Number}",
        CoordinatorOrder.OrderOneofCase.Durable => $"durable {order.Durable.Step}",
        CoordinatorOrder.OrderOneofCase.Dismissed => order.Dismissed.Refused ? "refused" : "dismissed",
        _ => order.OrderCase.ToString(),
    };
}
