using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// Admits incoming links to the group that this process is in. Links of an older generation are refused; of a newer one held for a
/// bounded time, until this process has entered it too. So are those of a generation that this process has just left: a newer one will follow, and
/// refusing would make a healthy worker look unreachable.
/// </summary>
public sealed class Door(TimeSpan patience, TimeProvider time) : IFrameReceiver
{
    private readonly Lock _gate = new();
    private readonly WaitingRoom _waiting = new();
    private Group? _group;
    private long _generation;

    /// <summary>From now on links of this group's generation are admitted, and those of older ones refused.</summary>
    public void Open(Group group)
    {
        IReadOnlyList<Waiter> waiting;
        lock (_gate)
        {
            _group = group;
            _generation = group.Plan.Number;
            waiting = _waiting.Leave();
        }
        foreach (var waiter in waiting) waiter.Wake();
    }

    public async ValueTask<IFrameSink?> AdmitAsync(LinkIdentity identity, CancellationToken cancellation)
    {
        using var patient = new CancellationTokenSource(patience, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(patient.Token, cancellation);
        while (true)
        {
            Waiter waiter;
            lock (_gate)
            {
                if (identity.Generation < _generation) return null;
                if (identity.Generation == _generation && _group!.TryAdmit(identity, out var sink)) return sink;
                waiter = _waiting.Enter();
            }
            try
            {
                await waiter.WaitAsync(bounded.Token);
            }
            catch (OperationCanceledException) when (patient.IsCancellationRequested)
            {
                return null;
            }
        }
    }
}
