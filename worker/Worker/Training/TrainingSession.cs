using MiniMind.Collectives.Grpc;
using MiniMind.Collectives.Membership;
using MiniMind.Protos;
using MiniMind.Transformer.Runtime;
using MiniMind.Worker.Artifacts;
using MiniMind.Worker.Attendance;

namespace MiniMind.Worker.Training;

/// <summary>
/// One worker process in one run: attends the coordinator, trains stage after stage as it is told, and ends when it is dismissed, has
/// left, or is an orphan.
/// </summary>
internal sealed class TrainingSession : IAsyncDisposable
{
    private static readonly TimeSpan DoorPatience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan HaltPatience = TimeSpan.FromMinutes(5);

    private readonly WorkerOptions _options;
    private readonly TextWriter _log;
    private readonly TimeProvider _time;
    private readonly ReportOutbox _outbox = new();
    private readonly Door _door;
    private readonly GrpcTransport _transport;
    private readonly string _incarnation = Guid.NewGuid().ToString("N")[..12];
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _over = new();
    private readonly CoordinatorList _coordinators;
    private readonly StoreChannels _stores;
    private RendezvousLink? _link;
    private StageSession? _stage;
    private Task _stageTask = Task.CompletedTask;
    private bool _leaving;

    public TrainingSession(WorkerOptions options, TextWriter log, TimeProvider time)
    {
        (_options, _log, _time) = (options, log, time);
        _coordinators = new CoordinatorList(options.Coordinator);
        _stores = new StoreChannels(_coordinators);
        _door = new Door(DoorPatience, time);
        _transport = new GrpcTransport(
            new GrpcTransportOptions
            {
                ListenAddress = options.Listen, Port = options.Port, AdvertisedHost = options.AdvertisedHost, AdvertisedPort = options.AdvertisedPort,
                RunId = options.RunId,
            }, time);
    }

    private string ScratchRoot => Path.Combine(_options.Cache, "workers");

    private string Scratch => Path.Combine(ScratchRoot, $"{_options.Name}-{_incarnation}");

    private OrphanedCheckpoints Orphaned => new(Path.Combine(_options.Cache, "orphans", Uri.EscapeDataString(_options.RunId)));

    /// <summary>Works until the end; returns the exit code.</summary>
    public async Task<int> RunAsync()
    {
        // First of all: a library that does not load is named before anybody waits for this worker.
        TorchRuntime.Initialize(threads: 1);
        RemoveAbandoned();
        await _transport.StartAsync(_door, _over.Token);
        _link = new RendezvousLink(_coordinators, _outbox, Introduce, Beat, Obey, _time);
        var attending = AttendAsync(_link);
        var code = await _ended.Task;
        await _over.CancelAsync();
        await attending;
        await _stageTask;
        // For whoever is not told the exit code, because it did not start this process.
        _log.WriteLine(ExitNote.Of(Environment.ProcessId, code));
        return code;
    }

    /// <summary>SIGTERM: finishes the step, then goes.</summary>
    public void Leave(string reason)
    {
        _leaving = true;
        _outbox.Report(new WorkerReport { Leave = new Leave { Reason = reason } });
        if (_stage is { } stage) stage.Leave();
        else _ended.TrySetResult(0);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _stageTask;
        _stage?.Dispose();
        await _transport.DisposeAsync();
        _stores.Dispose();
        _over.Dispose();
        if (Directory.Exists(Scratch)) Directory.Delete(Scratch, recursive: true);
    }

    /// <summary>Deletes what killed processes of this worker's name left.</summary>
    private void RemoveAbandoned()
    {
        if (!Directory.Exists(ScratchRoot)) return;
        var pattern = $"{_options.Name}-{new string('?', _incarnation.Length)}";
        foreach (var folder in Directory.GetDirectories(ScratchRoot, pattern)) Directory.Delete(folder, recursive: true);
    }

    private async Task AttendAsync(RendezvousLink link)
    {
        try
        {
            await link.RunAsync(_over.Token);
        }
        catch (OperationCanceledException)
        {
            // The session is over.
        }
        catch (OrphanException orphan)
        {
            _log.WriteLine(orphan.Message);
            try
            {
                if (_stage is { } stage) await stage.HaltAsOrphanAsync(HaltPatience);
            }
            finally
            {
                // Whatever happens: nobody is left who could tell this process to end.
                _ended.TrySetResult(1);
            }
        }
        catch (Exception fault)
        {
            _log.WriteLine(fault);
            _ended.TrySetResult(1);
        }
    }

    private Hello Introduce() => new()
    {
        RunId = _options.RunId, Worker = _options.Name, Incarnation = _incarnation, Endpoint = _transport.Endpoint,
        Device = TorchRuntime.Describe(), ProcessId = Environment.ProcessId,
        Generation = _stage?.Generation ?? 0, StageIndex = _stage?.Index ?? -1, Step = _stage?.Step ?? -1,
    };

    private Heartbeat Beat() => new()
    {
        Generation = _stage?.Generation ?? 0, StageIndex = _stage?.Index ?? -1, Step = _stage?.Step ?? -1, Phase = _stage?.Phase ?? "wait",
    };

    /// <summary>Called for one order after another.</summary>
    private void Obey(CoordinatorOrder order)
    {
        switch (order.OrderCase)
        {
            case CoordinatorOrder.OrderOneofCase.Stage when order.Stage.Spec.StageIndex != _stage?.Index:
                Begin(order.Stage.Spec);
                break;
            case CoordinatorOrder.OrderOneofCase.Generation:
                _outbox.Settle(order.Generation.Number);
                _log.WriteLine($"generation {order.Generation.Number}: {order.Generation.Members.Count} members ({order.Generation.Reason})");
                _stage?.Announce(order.Generation, _options.Name, _incarnation);
                break;
            case CoordinatorOrder.OrderOneofCase.Durable:
                _outbox.Durable(order.Durable.StageIndex, order.Durable.Step);
                break;
            case CoordinatorOrder.OrderOneofCase.Coordinators:
                _coordinators.Learn(order.Coordinators.Addresses);
                break;
            case CoordinatorOrder.OrderOneofCase.Stop:
                _stage?.Stop();
                break;
            case CoordinatorOrder.OrderOneofCase.Checkpoint:
                _stage?.CheckpointNow();
                break;
            case CoordinatorOrder.OrderOneofCase.Dismissed:
                _log.WriteLine($"dismissed: {order.Dismissed.Reason}");
                _ended.TrySetResult(order.Dismissed.Refused ? 1 : 0);
                break;
        }
    }

    private void Begin(StageSpec spec)
    {
        _link!.HeartbeatInterval = TimeSpan.FromSeconds(spec.Deadlines.HeartbeatSeconds);
        _link.OrphanTimeout = TimeSpan.FromSeconds(spec.Deadlines.OrphanSeconds);
        var previous = _stage;
        var stage = _stage = new StageSession(spec, _door, _transport, _outbox, Orphaned, _log, _time);
        _stageTask = RunStageAsync(previous, _stageTask, stage);
        if (_leaving) stage.Leave();
    }

    private async Task RunStageAsync(StageSession? previous, Task previousTask, StageSession stage)
    {
        previous?.Dismiss();
        await previousTask;
        previous?.Dispose();
        await using var registration = _over.Token.Register(stage.Dismiss);
        try
        {
            var cache = new ArtifactCache(new ArtifactCacheOptions { Folder = Path.Combine(_options.Cache, "artifacts") }, _time);
            var artifacts = new ArtifactClient(_stores, cache, new RetryOptions(), _time);
            if (await stage.RunAsync(artifacts, Scratch) == MemberEnd.Left) _ended.TrySetResult(0);
        }
        catch (OperationCanceledException)
        {
            // Dismissed while it prepared.
        }
        catch (Exception fault)
        {
            _log.WriteLine(fault);
            _log.WriteLine($"error: {fault.Message}");
            _outbox.Report(new WorkerReport
            {
                Failure = new WorkerFailure { Message = fault.Message, UserError = fault is Text.InputException },
            });
        }
    }
}
