using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Tests.Ledger;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class StageLeadTests : IDisposable
{
    private const int TotalSteps = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEffects _effects = new();
    private readonly ManualTime _time = new();
    private readonly List<LedgerEntry> _chain = Entries.Chain(10);
    private readonly StageLead _lead;

    public StageLeadTests() => _lead = Lead(TotalSteps);

    public void Dispose() => _folder.Dispose();

    private StageLead Lead(long totalSteps)
    {
        var options = new StageControllerOptions(0, new GenerationOptions(2, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(15)));
        return new StageLead(
            new StageSpec { StageIndex = 0, Stage = "pretrain", TotalSteps = totalSteps }, new StageController(options, null, 0, _time),
            new LedgerBook(new LedgerFile(_folder["ledger.jsonl"])), new StageProgress(-1, 0, new byte[32], []), _effects);
    }

    private static Task ReportAsync(StageLead lead, string worker, WorkerReport report) => lead.HandleAsync(worker, $"{worker}#1", report);

    private Task ReportAsync(string worker, WorkerReport report) => ReportAsync(_lead, worker, report);

    private Task ApplyAsync(string worker, LedgerEntry entry) => ReportAsync(worker, new WorkerReport { Applied = new Applied { Entry = entry } });

    private CheckpointWritten Written(long step) => new() { Step = step, LedgerHash = Convert.ToHexStringLower(_chain[(int)step - 1].Hash.Span) };

    private Task WriteAsync(string worker, long step) => ReportAsync(worker, new WorkerReport { CheckpointWritten = Written(step) });

    private Task FailToWriteAsync(string worker, long step) => ReportAsync(worker, new WorkerReport
    {
        CheckpointFailed = new CheckpointFailed { Step = step, Message = "no space left" },
    });

    private async Task ComeAsync(StageLead lead, params string[] workers)
    {
        foreach (var worker in workers)
        {
            await lead.ConnectAsync(new Hello { Worker = worker, Incarnation = $"{worker}#1", Endpoint = $"{worker}:1" });
            await ReportAsync(lead, worker, new WorkerReport { Prepared = new Prepared { Probe = "probe" } });
        }
        _effects.Take();
    }

    private Task DivergeAsync(string worker, string culprit) => ReportAsync(worker, new WorkerReport
    {
        Trouble = new Trouble { Generation = _lead.Generation!.Number, Kind = Trouble.Types.Kind.Diverged, Workers = { culprit }, Message = "weights changed" },
    });

    [Fact]
    public async Task A_generation_is_stored_before_it_is_announced()
    {
        await _lead.ConnectAsync(new Hello { Worker = "a", Incarnation = "a#1" });
        Assert.Equal(["a preparing", "a: Stage"], _effects.Take());
        await ReportAsync("a", new WorkerReport { Prepared = new Prepared { Probe = "probe" } });
        await _lead.ConnectAsync(new Hello { Worker = "b", Incarnation = "b#1" });
        _effects.Take();
        await ReportAsync("b", new WorkerReport { Prepared = new Prepared { Probe = "probe" } });
        Assert.Equal(["store 1", "formed a b", "all: generation 1"], _effects.Take());
    }

    [Fact]
    public async Task A_refused_probe_sends_the_worker_away_and_forms_nothing()
    {
        await ComeAsync(_lead, "a");
        await _lead.ConnectAsync(new Hello { Worker = "b", Incarnation = "b#1" });
        _effects.Take();
        await ReportAsync("b", new WorkerReport { Prepared = new Prepared { Probe = "another" } });
        Assert.Equal(["b refused", "b: refused"], _effects.Take());
        Assert.Null(_lead.Generation);
    }

    [Fact]
    public async Task A_worker_that_comes_back_is_told_stage_and_generation()
    {
        await ComeAsync(_lead, "a", "b");
        await _lead.ConnectAsync(new Hello { Worker = "b", Incarnation = "b#1" });
        Assert.Equal(["b preparing", "b: Stage", "b: generation 1"], _effects.Take());
    }

    [Fact]
    public async Task An_entry_is_committed_once_and_acknowledged_to_all_and_again_to_who_repeats_it()
    {
        await ComeAsync(_lead, "a", "b");
        await ApplyAsync("a", _chain[0]);
        Assert.Equal(["committed 1", "all: durable 1"], _effects.Take());
        await ApplyAsync("b", _chain[0]);
        Assert.Equal(["b: durable 1"], _effects.Take());
    }

    [Fact]
    public async Task An_entry_over_a_gap_is_neither_committed_nor_acknowledged()
    {
        await ComeAsync(_lead, "a", "b");
        await ApplyAsync("a", _chain[1]);
        Assert.Empty(_effects.Take());
    }

    [Fact]
    public async Task A_worker_whose_entry_differs_is_expelled_and_training_goes_on_without_it()
    {
        await ComeAsync(_lead, "a", "b");
        await ApplyAsync("a", _chain[0]);
        _effects.Take();
        await ApplyAsync("b", Entries.After(LedgerChain.Origin, 1, mark: 9));
        Assert.Equal(["b refused", "b: refused", "store 2", "formed a", "all: generation 2"], _effects.Take());
    }

    [Fact]
    public async Task A_worker_whose_weights_diverged_is_expelled()
    {
        await ComeAsync(_lead, "a", "b");
        await DivergeAsync("a", "b");
        Assert.Equal(["a trouble", "b refused", "b: refused", "store 2", "formed a", "all: generation 2"], _effects.Take());
    }

    /// <summary>Each of two divergent ranks blames the other. Whoever is found wrong first accuses nobody any more.</summary>
    [Fact]
    public async Task An_expelled_worker_is_not_listened_to()
    {
        await ComeAsync(_lead, "a", "b");
        await ApplyAsync("a", _chain[0]);
        await ApplyAsync("b", Entries.After(LedgerChain.Origin, 1, mark: 9));
        _effects.Take();
        await DivergeAsync("b", "a");
        await ReportAsync("b", new WorkerReport { Failure = new WorkerFailure { Message = "I was expelled" } });
        await ApplyAsync("b", _chain[1]);
        Assert.Empty(_effects.Take());
        Assert.Equal("a", Assert.Single(_lead.Generation!.Members).Worker);
    }

    [Fact]
    public async Task A_checkpoint_ahead_of_the_ledger_waits_for_its_entry()
    {
        await ComeAsync(_lead, "a", "b");
        await ApplyAsync("a", _chain[0]);
        _effects.Take();
        await WriteAsync("a", 2);
        Assert.Empty(_effects.Take());
        await ApplyAsync("b", _chain[1]);
        Assert.Equal(["committed 2", "all: durable 2", "assemble 2"], _effects.Take());
        await WriteAsync("a", 2);
        Assert.Empty(_effects.Take());
        await _lead.AssembledAsync(Written(2));
        Assert.Equal(["checkpoint 2"], _effects.Take());
        await WriteAsync("a", 2);
        Assert.Empty(_effects.Take());
    }

    /// <summary>Copying gigabytes takes its time; reports must be heard meanwhile, further checkpoints among them.</summary>
    [Fact]
    public async Task Checkpoints_are_assembled_one_after_another_oldest_first_while_the_lead_goes_on()
    {
        await ComeAsync(_lead, "a", "b");
        foreach (var entry in _chain.Take(3)) await ApplyAsync("a", entry);
        _effects.Take();
        await WriteAsync("a", 1);
        await WriteAsync("b", 3);
        await WriteAsync("b", 2);
        Assert.Equal(["assemble 1"], _effects.Take());
        await ApplyAsync("b", _chain[3]);
        Assert.Equal(["committed 4", "all: durable 4"], _effects.Take());
        foreach (var step in (long[])[1, 2, 3]) await _lead.AssembledAsync(Written(step));
        Assert.Equal(["checkpoint 1", "assemble 2", "checkpoint 2", "assemble 3", "checkpoint 3"], _effects.Take());
    }

    [Fact]
    public async Task A_worker_that_cannot_write_a_checkpoint_is_no_longer_the_lowest_rank()
    {
        await ComeAsync(_lead, "a", "b");
        await ApplyAsync("a", _chain[0]);
        _effects.Take();
        await FailToWriteAsync("a", 1);
        Assert.Equal(["a trouble", "store 2", "formed b a", "all: generation 2"], _effects.Take());
        Assert.True(_lead.Generation!.AtBoundary);
    }

    [Fact]
    public async Task A_checkpoint_that_no_member_can_write_ends_the_stage_with_the_reason()
    {
        await ComeAsync(_lead, "a", "b");
        await ApplyAsync("a", _chain[0]);
        await FailToWriteAsync("a", 1);
        _effects.Take();
        await FailToWriteAsync("b", 1);
        Assert.Equal(["b trouble", "failed: b: no space left"], _effects.Take());
    }

    [Fact]
    public async Task A_failed_checkpoint_that_has_been_overtaken_changes_nothing()
    {
        await ComeAsync(_lead, "a", "b");
        foreach (var entry in _chain.Take(2)) await ApplyAsync("a", entry);
        await WriteAsync("b", 2);
        await _lead.AssembledAsync(Written(2));
        _effects.Take();
        await FailToWriteAsync("a", 1);
        Assert.Empty(_effects.Take());
    }

    [Fact]
    public async Task When_all_workers_leave_they_are_asked_to_halt_and_only_once()
    {
        await ComeAsync(_lead, "a", "b");
        foreach (var worker in (string[])["a", "b"]) await ReportAsync(worker, new WorkerReport { Leave = new Leave { Reason = "SIGTERM" } });
        await _lead.TickAsync();
        Assert.Single(_effects.Take(), done => done == "all: Stop");
    }

    [Fact]
    public async Task A_later_generation_starts_from_the_newest_checkpoint()
    {
        await ComeAsync(_lead, "a", "b");
        await ApplyAsync("a", _chain[0]);
        await WriteAsync("a", 1);
        await _lead.AssembledAsync(Written(1));
        await _lead.DisconnectAsync("b", "b#1");
        Assert.Equal((1L, 1L, _chain[0].Hash), (_lead.Generation!.CheckpointStep, _lead.Generation.RestoreStep, _lead.Generation.RestoreLedger));
    }

    [Fact]
    public async Task The_stage_is_complete_with_its_last_checkpoint_and_whole_ledger_and_only_once()
    {
        await ComeAsync(_lead, "a", "b");
        foreach (var entry in _chain.Take(TotalSteps)) await ApplyAsync("a", entry);
        Assert.DoesNotContain("completed", _effects.Take());
        await WriteAsync("a", TotalSteps);
        await _lead.AssembledAsync(Written(TotalSteps));
        Assert.Equal(["assemble 4", "checkpoint 4", "completed"], _effects.Take());
        await _lead.TickAsync();
        await _lead.DisconnectAsync("a", "a#1");
        Assert.Equal(["a gone"], _effects.Take());
    }

    [Fact]
    public async Task A_halt_is_over_when_its_checkpoint_is_complete()
    {
        await ComeAsync(_lead, "a", "b");
        await _lead.StopAsync("Ctrl-C");
        Assert.Equal(["all: Stop"], _effects.Take());
        await ApplyAsync("a", _chain[0]);
        await ReportAsync("b", new WorkerReport { Halted = new Halted { Generation = 1, Step = 1 } });
        Assert.DoesNotContain("halted 1", _effects.Take());
        await WriteAsync("a", 1);
        await _lead.AssembledAsync(Written(1));
        Assert.Equal(["assemble 1", "checkpoint 1", "halted 1"], _effects.Take());
    }

    [Fact]
    public async Task A_worker_that_connects_after_stop_was_asked_is_told()
    {
        await ComeAsync(_lead, "a", "b");
        await _lead.StopAsync("Ctrl-C");
        _effects.Take();
        await _lead.ConnectAsync(new Hello { Worker = "c", Incarnation = "c#1" });
        Assert.Equal(["c preparing", "c: Stage", "c: generation 1", "c: Stop"], _effects.Take());
    }

    [Fact]
    public async Task Stop_before_the_first_generation_ends_at_once()
    {
        await ComeAsync(_lead, "a");
        await _lead.StopAsync("Ctrl-C");
        Assert.Equal(["halted 0"], _effects.Take());
        await ComeAsync(_lead, "b");
        Assert.Null(_lead.Generation);
    }

    [Fact]
    public async Task A_silent_worker_is_noticed_when_time_passes()
    {
        await ComeAsync(_lead, "a", "b");
        _time.Advance(TimeSpan.FromSeconds(14));
        await ReportAsync("a", new WorkerReport { Heartbeat = new Heartbeat() });
        Assert.Empty(_effects.Take());
        _time.Advance(TimeSpan.FromSeconds(2));
        await _lead.TickAsync();
        Assert.Equal(["store 2", "formed a", "all: generation 2"], _effects.Take());
    }

    [Fact]
    public async Task A_failure_of_a_worker_ends_the_stage_with_its_words()
    {
        await ComeAsync(_lead, "a", "b");
        await ReportAsync("b", new WorkerReport { Failure = new WorkerFailure { Message = "the shard is damaged", UserError = true } });
        Assert.Equal(["failed (user): b: the shard is damaged"], _effects.Take());
    }

    [Fact]
    public async Task Skips_in_a_row_end_the_stage_and_single_ones_do_not()
    {
        var lead = Lead(totalSteps: 100);
        await ComeAsync(lead, "a", "b");
        var head = LedgerChain.Origin;
        var step = 0;
        async Task CommitAsync(bool skipped)
        {
            var entry = Entries.After(head, ++step, skipped: skipped);
            head = entry.Hash;
            await ReportAsync(lead, "a", new WorkerReport { Applied = new Applied { Entry = entry } });
        }
        foreach (var skipped in (bool[])[true, true, true, true, false, true, true, true, true]) await CommitAsync(skipped);
        Assert.DoesNotContain(_effects.Take(), done => done.StartsWith("failed", StringComparison.Ordinal));
        await CommitAsync(skipped: true);
        var failure = Assert.Single(_effects.Take(), done => done.StartsWith("failed", StringComparison.Ordinal));
        Assert.Contains("step 6: samples 60..69", failure, StringComparison.Ordinal);
        Assert.Contains("step 10: samples 100..109", failure, StringComparison.Ordinal);
    }
}
