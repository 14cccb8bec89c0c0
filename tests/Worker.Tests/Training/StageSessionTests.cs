using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;
using MiniMind.Worker.Tests.Artifacts;
using MiniMind.Worker.Training;

namespace MiniMind.Worker.Tests.Training;

public sealed class StageSessionTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly InMemoryNetwork _network = new();
    private readonly StringWriter _log = new();
    private SmallStage _stage = null!;
    private int _made;

    public async Task InitializeAsync() => _stage = await SmallStage.CreateAsync();

    public async Task DisposeAsync() => await _stage.DisposeAsync();

    private OrphanedCheckpoints Orphaned => new(_stage.PathOf("orphans"));

    /// <summary>A worker's process in the stage; it has come as far as its generations let it.</summary>
    private async Task<(StageSession Session, Task<MemberEnd> End, ReportOutbox Outbox)> StartAsync(StageSpec spec)
    {
        var (outbox, door) = (new ReportOutbox(), new Door(TimeSpan.FromMinutes(10), TimeProvider.System));
        var transport = _network.CreateTransport($"w{_made}");
        await transport.StartAsync(door, default);
        var session = new StageSession(spec, door, transport, outbox, Orphaned, TextWriter.Synchronized(_log), TimeProvider.System);
        return (session, Task.Run(() => session.RunAsync(_stage.Client(), _stage.PathOf($"scratch-{_made++}"))), outbox);
    }

    private static Generation Generation(long number, params string[] workers)
    {
        var generation = new Generation { Number = number, CheckpointStep = -1, RestoreLedger = LedgerChain.Origin };
        generation.Members.AddRange(workers.Select(worker => new MemberEntry { Worker = worker, Incarnation = "1", Endpoint = worker }));
        return generation;
    }

    private static async Task<WorkerReport> TakeAsync(ReportOutbox outbox, Func<WorkerReport, bool> wanted)
    {
        while (true)
        {
            var report = await outbox.TakeAsync(default).WaitAsync(Patience);
            if (wanted(report)) return report;
        }
    }

    [Fact]
    public async Task An_orphan_keeps_a_checkpoint_with_what_it_measured_and_the_next_process_hands_it_over()
    {
        var spec = _stage.Stored();
        spec.TotalSteps = 1_000_000;
        var (session, end, outbox) = await StartAsync(spec);
        session.Announce(Generation(1, "w0"), "w0", "1");
        await TakeAsync(outbox, report => report.Applied?.Entry.Step == 2);

        await session.HaltAsOrphanAsync(Patience);
        session.Dismiss();
        await end.WaitAsync(Patience);
        session.Dispose();

        Assert.Contains("kept in the cache until a coordinator takes it", _log.ToString(), StringComparison.Ordinal);
        var (next, nextEnd, nextOutbox) = await StartAsync(spec);
        var handover = (await TakeAsync(nextOutbox, report => report.Handover is not null)).Handover;
        Assert.Equal(handover.Checkpoint.Step, handover.Applied[^1].Entry.Step);
        Assert.Equal(Enumerable.Range(1, handover.Applied.Count).Select(step => (long)step), handover.Applied.Select(applied => applied.Entry.Step));
        Assert.All(handover.Applied, applied => Assert.True(applied.Facts.LearningRate > 0 && applied.Facts.GradientNorm > 0));
        next.Dismiss();
        await nextEnd.WaitAsync(Patience);
        next.Dispose();
    }

    [Fact]
    public async Task An_orphan_without_its_peers_keeps_its_own_state_at_once()
    {
        var spec = _stage.Stored();
        spec.TotalSteps = 1_000_000;
        var (session, end, outbox) = await StartAsync(spec);
        session.Announce(Generation(1, "w0"), "w0", "1");
        await TakeAsync(outbox, report => report.Applied?.Entry.Step == 2);
        session.Announce(Generation(2, "w0", "nowhere"), "w0", "1");
        await TakeAsync(outbox, report => report.Trouble is not null);
        var step = session.Step;
        foreach (var known in outbox.Unacknowledged) outbox.Durable(known.StageIndex, known.Step);

        await session.HaltAsOrphanAsync(Patience);
        session.Dismiss();
        await end.WaitAsync(Patience);
        session.Dispose();

        // Its entries are durable already, the state after them is nowhere else.
        Assert.Equal(step, Orphaned.Newest(0, spec.Identity)!.Value.Handover.Checkpoint.Step);
    }

    /// <summary>Whoever feels orphaned later finds no files that are gone.</summary>
    [Fact]
    public async Task A_stage_that_failed_can_be_halted_as_an_orphan()
    {
        var (session, end, _) = await StartAsync(_stage.Stored());
        var generation = Generation(1, "w0");
        generation.RestoreWeights = Google.Protobuf.ByteString.CopyFrom(new byte[LedgerChain.DigestSize]);
        session.Announce(generation, "w0", "1");
        await Assert.ThrowsAsync<InvalidDataException>(() => end.WaitAsync(Patience));

        await session.HaltAsOrphanAsync(Patience).WaitAsync(Patience);

        session.Dispose();
    }
}
