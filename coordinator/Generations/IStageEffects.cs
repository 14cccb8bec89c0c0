using MiniMind.Protos;

namespace MiniMind.Coordinator.Generations;

/// <summary>What a stage's lead does to the world around it.</summary>
public interface IStageEffects
{
    /// <summary>Stores the newest generation, and the probe lane's digest that its members share, durably. It is announced only afterwards.</summary>
    Task StoreAsync(Generation generation, string? probe);

    /// <summary>Sends an order to a worker, if it is connected.</summary>
    void Send(string worker, CoordinatorOrder order);

    /// <summary>Sends an order to all connected workers.</summary>
    void Broadcast(CoordinatorOrder order);

    /// <summary>
    /// Begins to assemble a checkpoint's folder from uploaded files, which may take long, and returns at once. When the folder is complete,
    /// <see cref="StageLead.AssembledAsync"/> is called.
    /// </summary>
    void Assemble(CheckpointWritten written);

    /// <summary>Records a checkpoint whose folder is complete, durably.</summary>
    Task RecordCheckpointAsync(CheckpointWritten written);

    /// <summary>A step has become part of the ledger.</summary>
    /// <param name="facts">What its first reporter measured; null when whoever computed it is gone.</param>
    /// <param name="repeated">It was part of it already: computed again after a resume, to the same bits, or reported again to another coordinator.</param>
    void Committed(LedgerEntry entry, StepFacts? facts, bool repeated);

    /// <summary>The weights of a step have been validated.</summary>
    void Validated(Validated validated);

    /// <summary>A new generation has begun.</summary>
    void Formed(Generation generation);

    /// <summary>A worker said or did something worth telling: its state in one word (alive, preparing, handing over, gone, leaving, trouble, refused), and details.</summary>
    void Noticed(string worker, string state, string detail);

    /// <summary>The stage's last checkpoint is complete and its ledger is whole.</summary>
    Task StageCompletedAsync();

    /// <summary>All ranks have halted after a checkpoint.</summary>
    /// <param name="abandoned">Because all workers left; nobody asked for it.</param>
    Task HaltedAsync(long step, bool abandoned);

    /// <summary>The stage cannot go on.</summary>
    Task FailedAsync(string message, bool userError);
}
