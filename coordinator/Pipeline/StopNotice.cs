using MiniMind.Coordinator.Screen;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Says, when a run is asked to stop, what stays of what it is doing just then. Whoever begins something else tells it.</summary>
internal sealed class StopNotice(IRunScreen screen)
{
    /// <summary>Data is being encoded.</summary>
    public const string Encoding = "what is encoded stays, and the same command goes on from there";
    /// <summary>Questions are being asked, before the first training stage.</summary>
    public const string AskingBefore = "nothing was trained since the start; what is prepared stays, and the same command with --resume goes on from there";
    /// <summary>A stage is being trained.</summary>
    public const string Training = "what is being trained writes a checkpoint after the step in flight";
    /// <summary>The same questions are being asked again, after training.</summary>
    public const string AskingAfter = "what was trained stays, and the same command with --resume asks the questions again";
    public const string StandingBy = "the workers of this process finish their step and leave; the run goes on without them";

    private volatile string _kept = Encoding;

    /// <param name="kept">One of the sentences above; before the first call, <see cref="Encoding"/>.</param>
    public void Doing(string kept) => _kept = kept;

    /// <summary>Tells as soon as the token is cancelled, until the registration is disposed.</summary>
    public CancellationTokenRegistration Watch(CancellationToken stop) => stop.Register(() => screen.Message($"stopping; {_kept}; a second time ends at once"));
}
