using MiniMind.Collectives.Membership;
using MiniMind.Protos;

namespace MiniMind.Simulation;

/// <summary>A worker process: the production member, a toy replica, and a control stream to whichever coordinator lives.</summary>
internal sealed class SimulatedWorker : IReportSink
{
    private readonly SimulationRun _run;
    private readonly ReportOutbox _outbox = new();
    private readonly GenerationInbox _inbox = new();
    private readonly CancellationTokenSource _dismissed = new();
    private readonly Member _member;
    private readonly SimulatedTransport _transport;
    private CancellationTokenSource? _connection;
    private Action? _cut;
    private SimulatedCoordinator? _coordinator;

    public SimulatedWorker(SimulationRun run, string name, int incarnation)
    {
        _run = run;
        Name = name;
        Incarnation = $"{name}#{incarnation}";
        Process = new SimulatedProcess(run.World, name) { Happened = () => run.Invariants.Look(this) };
        Replica = new ToyReplica(this, run, speed: 0.5 + run.World.Random.NextDouble() * 2);
        _transport = new SimulatedTransport(run.Network, Process, run.World, Incarnation);
        var door = new Door(TimeSpan.FromSeconds(60), Process.Time);
        _transport.StartAsync(door, CancellationToken.None);
        _member = new Member(Replica, _transport, door, _inbox, this, SimulationRun.Options, Process.Time);
        Process.Schedule(TimeSpan.Zero, () => _ = LiveAsync());
        Process.Schedule(TimeSpan.Zero, () => _ = ReconnectAsync());
        run.World.Trace(name, $"started as {Incarnation}");
    }

    public string Name { get; }

    public string Incarnation { get; }

    /// <summary>Where its invariants were looked at last.</summary>
    public (Position Position, long Generation) LastSeen { get; set; } = (Position.None, 0);

    /// <summary>The step after which it halted and has not gone on since; -1 for none.</summary>
    public long HaltedAt { get; set; } = -1;

    public SimulatedProcess Process { get; }

    public ToyReplica Replica { get; }

    public Member Member => _member;

    /// <summary>The newest generation that it could not go on in.</summary>
    public long Failed { get; private set; }

    IReadOnlyList<LedgerEntry> IReportSink.Unacknowledged => _outbox.Unacknowledged;

    void IReportSink.Report(WorkerReport report)
    {
        if (report.Trouble is { } trouble) Failed = trouble.Generation;
        _outbox.Report(report);
    }

    /// <summary>SIGTERM.</summary>
    public void Leave() => Process.Schedule(TimeSpan.Zero, () =>
    {
        _run.World.Trace(Name, "asked to leave");
        _member.Leave();
        _outbox.Report(new WorkerReport { Leave = new Leave { Reason = "SIGTERM" } });
    });

    /// <summary>It gives up its stream and opens another one. What is under way on the old one still arrives, on both sides, mixed with the new.</summary>
    public void Reconnect() => Process.Schedule(TimeSpan.Zero, Disconnect);

    private void Disconnect()
    {
        if (_connection is not { } connection) return;
        _run.World.Trace(Name, "reconnects");
        _connection = null;
        connection.Cancel();
        _run.World.Schedule(null, _run.World.Delay(100, 2000), _cut!);
    }

    private async Task LiveAsync()
    {
        try
        {
            var end = await _member.RunAsync(_dismissed.Token);
            if (end == MemberEnd.Left) _run.Invariants.Left(this);
            _run.World.Trace(Name, $"ended: {end}");
            Process.Kill();
        }
        catch (Exception fault)
        {
            if (Process.Alive) _run.Fail($"{Name}: {fault}");
        }
    }

    private async Task ReconnectAsync()
    {
        while (true)
        {
            // One that stands still is given up as soon as there is another.
            if (_coordinator != _run.Coordinator) Disconnect();
            if (_connection is null && _run.Coordinator is { Process.Alive: true } coordinator) Connect(coordinator);
            await Task.Delay(_run.World.Delay(100, 600), Process.Time);
        }
    }

    private void Connect(SimulatedCoordinator coordinator)
    {
        _coordinator = coordinator;
        var connection = _connection = new CancellationTokenSource();
        void Broken() => Process.Schedule(TimeSpan.Zero, () =>
        {
            if (_connection == connection) _connection = null;
            connection.Cancel();
        });
        var orders = new OrderedStream<CoordinatorOrder>(_run.Network, _run.World, coordinator.Process, Process, Obey, Broken);
        var reports = coordinator.Accept(this, Incarnation, orders, Broken);
        _cut = () =>
        {
            orders.Break();
            reports.Break();
        };
        Process.Died += orders.Break;
        Process.Died += reports.Break;
        coordinator.Process.Died += orders.Break;
        coordinator.Process.Died += reports.Break;
        reports.Send(new WorkerReport
        {
            Hello = new Hello
            {
                Worker = Name, Incarnation = Incarnation, Endpoint = _transport.Endpoint, Generation = _member.Generation,
                Step = _member.Position.Step, Device = "toy",
            },
        });
        _outbox.Rewind();
        _ = PumpAsync(reports, connection.Token);
        _ = BeatAsync(reports, connection.Token);
    }

    private async Task PumpAsync(OrderedStream<WorkerReport> reports, CancellationToken connection)
    {
        try
        {
            while (true)
            {
                var report = await _outbox.TakeAsync(connection);
                if (report.Trouble is { } trouble) _run.Invariants.Troubled(trouble);
                reports.Send(report);
            }
        }
        catch (OperationCanceledException)
        {
            // The next connection goes on.
        }
    }

    private async Task BeatAsync(OrderedStream<WorkerReport> reports, CancellationToken connection)
    {
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(0.5), Process.Time, connection);
                reports.Send(new WorkerReport { Heartbeat = Beat() });
            }
        }
        catch (OperationCanceledException)
        {
            // The next connection goes on.
        }
    }

    private Heartbeat Beat() => new() { Generation = _member.Generation, Step = _member.Position.Step, Phase = _member.Phase };

    private void Obey(CoordinatorOrder order)
    {
        switch (order.OrderCase)
        {
            case CoordinatorOrder.OrderOneofCase.Stage:
                _outbox.Report(new WorkerReport { Prepared = new Prepared { StageIndex = order.Stage.Spec.StageIndex, Probe = "toy" } });
                break;
            case CoordinatorOrder.OrderOneofCase.Generation:
                _outbox.Settle(order.Generation.Number);
                if (order.Generation.GoesOn) _member.GoOn();
                _inbox.Announce(GenerationPlan.From(order.Generation, Name, Incarnation, SimulationRun.Lanes));
                break;
            case CoordinatorOrder.OrderOneofCase.Durable:
                _outbox.Durable(order.Durable.StageIndex, order.Durable.Step);
                break;
            case CoordinatorOrder.OrderOneofCase.Stop:
                _member.Stop();
                break;
            case CoordinatorOrder.OrderOneofCase.Dismissed:
                if (order.Dismissed.Refused && !Replica.IsFlipped) _run.Fail($"{Name} was refused: {order.Dismissed.Reason}");
                _dismissed.Cancel();
                break;
        }
    }
}
