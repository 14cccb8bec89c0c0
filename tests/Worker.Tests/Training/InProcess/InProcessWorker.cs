using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Worker.Tests.Training.InProcess;

/// <summary>A worker process without a process: the production member and trainer, and a stream to the lead.</summary>
internal sealed class InProcessWorker : IAsyncDisposable
{
    private readonly InProcessRun _run;
    private readonly TrainerProcess _process;
    private readonly InMemoryTransport _transport;
    private readonly GenerationInbox _inbox = new();
    private readonly CancellationTokenSource _killed = new();
    private readonly Task _live;
    private readonly Task _report;
    private int _gone;

    public InProcessWorker(InProcessRun run, string name, string incarnation, TrainerProcess process)
    {
        (_run, Name, Incarnation, _process) = (run, name, incarnation, process);
        _transport = run.Network.CreateTransport(incarnation);
        var door = new Door(TimeSpan.FromMinutes(10), TimeProvider.System);
        _transport.StartAsync(door, default);
        Task Reached(Moment moment, long step) => run.MeetAsync(this, moment, step);
        var replica = new WatchedReplica(process.Trainer, Reached, (step, lane, gradient) => run.Faults?.Strike(name, step, lane, gradient.Span));
        Member = new Member(
            replica, new WatchedTransport(_transport, Reached), door, _inbox, Outbox, run.Options, TimeProvider.System);
        _live = Task.Run(LiveAsync);
        _report = Task.Run(ReportAsync);
    }

    public string Name { get; }

    public string Incarnation { get; }

    public Member Member { get; }

    public ReportOutbox Outbox { get; } = new();

    public bool IsGone => Volatile.Read(ref _gone) != 0;

    /// <summary>Weights, both moments and counters, byte by byte.</summary>
    public string StateHash() => InProcessRun.Hash(_process.Trainer.State);

    public Hello Introduce() => new()
    {
        Worker = Name, Incarnation = Incarnation, Endpoint = _transport.Endpoint, Generation = Member.Generation, StageIndex = _run.Spec.StageIndex,
        Step = Member.Position.Step,
    };

    public void Obey(CoordinatorOrder order)
    {
        switch (order.OrderCase)
        {
            case CoordinatorOrder.OrderOneofCase.Stage:
                Outbox.Report(new WorkerReport { Prepared = new Prepared { StageIndex = _run.Spec.StageIndex, Probe = "probe" } });
                break;
            case CoordinatorOrder.OrderOneofCase.Generation:
                Outbox.Settle(order.Generation.Number);
                _inbox.Announce(GenerationPlan.From(order.Generation, Name, Incarnation, _run.Spec.Lanes));
                break;
            case CoordinatorOrder.OrderOneofCase.Durable:
                Outbox.Durable(order.Durable.StageIndex, order.Durable.Step);
                break;
            case CoordinatorOrder.OrderOneofCase.Stop:
                Member.Stop();
                break;
            case CoordinatorOrder.OrderOneofCase.Dismissed when Name == _run.Faults?.Worker:
                _run.Expel(this, order.Dismissed.Reason);
                break;
            case CoordinatorOrder.OrderOneofCase.Dismissed:
                _run.Fail($"{Incarnation} was dismissed: {order.Dismissed.Reason}");
                break;
        }
    }

    /// <summary>SIGTERM.</summary>
    public void Leave()
    {
        Outbox.Report(new WorkerReport { Leave = new Leave { Reason = "asked to" } });
        Member.Leave();
    }

    /// <summary>SIGKILL: it says nothing more, and its links break.</summary>
    public async Task KillAsync()
    {
        if (Interlocked.Exchange(ref _gone, 1) != 0) return;
        await _killed.CancelAsync();
        _run.Gone(this);
        await _transport.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await Task.WhenAll(_live, _report);
        Member.Dispose();
        _process.Dispose();
        _killed.Dispose();
    }

    private async Task LiveAsync()
    {
        try
        {
            await Member.RunAsync(_killed.Token);
            await KillAsync();
        }
        catch (Exception fault)
        {
            _run.Fail($"{Incarnation}: {fault}");
        }
    }

    private async Task ReportAsync()
    {
        try
        {
            while (true) _run.Hear(this, await Outbox.TakeAsync(_killed.Token));
        }
        catch (OperationCanceledException)
        {
            // It is dead.
        }
    }
}
