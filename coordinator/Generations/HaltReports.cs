using MiniMind.Protos;

namespace MiniMind.Coordinator.Generations;

/// <summary>
/// What ranks report of a halt. Only the newest generation that halted counts: those of an earlier one may be gone, and with them the steps that nobody wrote a checkpoint of.
/// </summary>
internal sealed class HaltReports
{
    private long _generation = -1;
    private long _lifted = -1;

    /// <summary>The step after which that generation halted; -1 while none has.</summary>
    public long Step { get; private set; } = -1;

    /// <summary>A rank has come to rest.</summary>
    public void Hear(Halted halted)
    {
        if (halted.Generation > _lifted && halted.Generation >= _generation) (_generation, Step) = (halted.Generation, halted.Step);
    }

    /// <summary>Nobody wants the halt of this generation any more: who reports it later says nothing new.</summary>
    public void Lift(long generation) => _lifted = generation;
}
