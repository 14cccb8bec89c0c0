using MiniMind.Collectives.Membership;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class ReportOutboxTests
{
    private readonly ReportOutbox _outbox = new();

    private static WorkerReport Applied(long step, int stage = 0) =>
        new() { Applied = new Applied { Entry = new LedgerEntry { StageIndex = stage, Step = step } } };

    private async Task<List<string>> DrainAsync()
    {
        _outbox.Report(new WorkerReport { Heartbeat = new Heartbeat() });
        var taken = new List<string>();
        while (true)
        {
            var report = await _outbox.TakeAsync(default).WaitAsync(Transport.Patience.Limit);
            if (report.Heartbeat is not null) return taken;
            taken.Add(report.Applied is { } applied ? $"{applied.Entry.StageIndex}/{applied.Entry.Step}" : report.ReportCase.ToString());
        }
    }

    [Fact]
    public void Entries_that_are_not_durable_are_kept_with_what_was_measured()
    {
        foreach (var step in (long[])[2, 1, 3])
        {
            var report = Applied(step);
            report.Applied.Facts = new StepFacts { LearningRate = step };
            _outbox.Report(report);
        }
        _outbox.Durable(0, 1);
        Assert.Equal([(1L, 1.0), (2L, 2.0), (3L, 3.0)], _outbox.Kept.Select(applied => (applied.Entry.Step, applied.Facts.LearningRate)));
        Assert.Equal([2L, 3L], _outbox.Unacknowledged.Select(entry => entry.Step));
    }

    [Fact]
    public async Task Reports_go_out_once_and_in_order()
    {
        _outbox.Report(Applied(1));
        _outbox.Report(new WorkerReport { Validated = new Validated() });
        _outbox.Report(Applied(2));
        Assert.Equal(["0/1", "Validated", "0/2"], await DrainAsync());
        Assert.Empty(await DrainAsync());
    }

    [Fact]
    public async Task A_new_stream_hears_all_that_is_not_durable_or_was_not_long_ago_entries_in_order_first()
    {
        _outbox.Report(new WorkerReport { Prepared = new Prepared() });
        foreach (var step in (long[])[3, 1, 2]) _outbox.Report(Applied(step));
        _outbox.Report(Applied(1, stage: 1));
        await DrainAsync();
        _outbox.Durable(0, 2);
        _outbox.Rewind();
        Assert.Equal(["0/1", "0/2", "0/3", "1/1", "Prepared"], await DrainAsync());
        Assert.Equal([3L, 1L], _outbox.Unacknowledged.Select(entry => entry.Step));
    }

    [Fact]
    public async Task What_became_durable_long_before_another_stream_is_not_sent_again()
    {
        for (int step = 1; step <= 100; step++) _outbox.Report(Applied(step));
        _outbox.Rewind();
        _outbox.Durable(0, 99);
        _outbox.Rewind();
        Assert.Equal(Enumerable.Range(36, 65).Select(step => $"0/{step}"), await DrainAsync());
    }

    [Fact]
    public async Task Of_other_reports_the_last_of_each_kind_is_kept()
    {
        for (var generation = 1; generation <= 2; generation++)
            _outbox.Report(new WorkerReport { CheckpointWritten = new CheckpointWritten { Generation = generation } });
        _outbox.Rewind();
        Assert.Equal(2, (await _outbox.TakeAsync(default)).CheckpointWritten.Generation);
        Assert.Empty(await DrainAsync());
    }

    [Fact]
    public async Task A_trouble_that_a_newer_generation_has_answered_is_not_repeated()
    {
        _outbox.Report(new WorkerReport { Trouble = new Trouble { Generation = 3 } });
        _outbox.Settle(3);
        _outbox.Rewind();
        Assert.Equal(["Trouble"], await DrainAsync());
        _outbox.Settle(4);
        _outbox.Rewind();
        Assert.Empty(await DrainAsync());
    }

    /// <summary>Streams come and go and acknowledgements arrive while steps are reported: every entry gets through, and none is kept for ever.</summary>
    [Fact]
    public async Task Entries_survive_rewinds_and_acknowledgements_on_other_threads()
    {
        const int steps = 5000;
        var durable = 0L;
        var reporting = Task.Run(() =>
        {
            for (var step = 1; step <= steps; step++) _outbox.Report(Applied(step));
        });
        var taking = Task.Run(async () =>
        {
            while (durable < steps)
            {
                var step = (await _outbox.TakeAsync(default)).Applied.Entry.Step;
                if (step != durable + 1) continue;
                _outbox.Durable(0, ++durable);
                if (step % 50 == 0) _outbox.Rewind();
            }
        });
        await Task.WhenAll(reporting, taking).WaitAsync(Transport.Patience.Limit);
        Assert.Empty(_outbox.Unacknowledged);
    }
}
