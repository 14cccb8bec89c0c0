using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Tests.Ledger;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class StageLeadTests : LeadScene
{
    private Task DivergeAsync(string worker, params string[] culprits) => ReportAsync(worker, new WorkerReport
    {
        Trouble = new Trouble { Generation = Main.Generation!.Number, Kind = Trouble.Types.Kind.Diverged, Workers = { culprits }, Message = "weights changed" },
    });

    private async Task PassAsync(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Main.TickAsync();
        }
    }

    [Fact]
    public async Task A_generation_is_stored_before_it_is_announced()
    {
        await Main.ConnectAsync(new Hello { Worker = "a", Incarnation = "a#1" });
        Assert.Equal(["a preparing", "a: Stage"], Effects.Take());
        await ReportAsync("a", new WorkerReport { Prepared = new Prepared { Probe = "probe" } });
        await Main.ConnectAsync(new Hello { Worker = "b", Incarnation = "b#1" });
        Effects.Take();
        await ReportAsync("b", new WorkerReport { Prepared = new Prepared { Probe = "probe" } });
        Assert.Equal(["store 1", "formed a b", "all: generation 1"], Effects.Take());
    }

    [Fact]
    public async Task A_refused_probe_sends_the_worker_away_and_forms_nothing()
    {
        await ComeAsync(Main, "a");
        await Main.ConnectAsync(new Hello { Worker = "b", Incarnation = "b#1" });
        Effects.Take();
        await ReportAsync("b", new WorkerReport { Prepared = new Prepared { Probe = "another" } });
        Assert.Equal(["b refused", "b: refused"], Effects.Take());
        Assert.Null(Main.Generation);
    }

    [Fact]
    public async Task A_worker_that_comes_back_is_told_stage_and_generation()
    {
        await ComeAsync(Main, "a", "b");
        await Main.ConnectAsync(new Hello { Worker = "b", Incarnation = "b#1" });
        Assert.Equal(["b preparing", "b: Stage", "b: generation 1"], Effects.Take());
    }

    /// <summary>It may have died between the two: whoever keeps the record of what was told knows which of them are new to it.</summary>
    [Fact]
    public async Task What_an_earlier_coordinator_stored_is_told_again_when_its_workers_report_it_again()
    {
        await ComeAsync(Main, "a", "b");
        foreach (var entry in Chain[..2]) await ApplyAsync("a", entry);
        var next = Lead(TotalSteps, Main.Generation);
        await ComeAsync(next, "a", "b");

        foreach (var entry in Chain[..3]) await ReportAsync(next, "b", new WorkerReport { Applied = new Applied { Entry = entry } });

        Assert.Equal(2, next.FirstStep);
        Assert.Equal(["repeated 1", "b: durable 1", "repeated 2", "b: durable 2", "committed 3", "all: durable 3"], Effects.Take());
    }

    [Fact]
    public async Task An_entry_is_committed_once_and_acknowledged_to_all_and_again_to_who_repeats_it()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        Assert.Equal(["committed 1", "all: durable 1"], Effects.Take());
        await ApplyAsync("b", Chain[0]);
        Assert.Equal(["b: durable 1"], Effects.Take());
    }

    [Fact]
    public async Task An_entry_over_a_gap_is_neither_committed_nor_acknowledged()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[1]);
        Assert.Empty(Effects.Take());
    }

    [Fact]
    public async Task A_worker_whose_entry_differs_is_expelled_and_training_goes_on_without_it()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        Effects.Take();
        await ApplyAsync("b", Entries.After(LedgerChain.Origin, 1, mark: 9));
        Assert.Equal(["b refused", "b: refused", "store 2", "formed a", "all: generation 2"], Effects.Take());
    }

    [Fact]
    public async Task A_worker_whose_weights_diverged_is_expelled()
    {
        await ComeAsync(Main, "a", "b");
        await DivergeAsync("a", "b");
        Assert.Equal(["a trouble", "b refused", "b: refused", "store 2", "formed a", "all: generation 2"], Effects.Take());
    }

    [Fact]
    public async Task Weights_of_which_none_can_be_called_right_end_the_stage()
    {
        await ComeAsync(Main, "a", "b");
        await DivergeAsync("a");
        Assert.Contains("failed: weights changed, and none of them can be called right", Effects.Take());
    }

    [Fact]
    public async Task A_worker_with_a_fault_of_its_own_is_dropped_and_training_goes_on()
    {
        await ComeAsync(Main, "a", "b");
        await ReportAsync("b", new WorkerReport { Failure = new WorkerFailure { Message = "out of memory" } });
        Assert.Equal(["b refused", "b: refused", "store 2", "formed a", "all: generation 2"], Effects.Take());
    }

    [Fact]
    public async Task A_lead_that_was_held_up_calls_nobody_silent()
    {
        await ComeAsync(Main, "a", "b");
        Time.Advance(TimeSpan.FromSeconds(40));
        await Main.TickAsync();
        Assert.Empty(Effects.Take());
    }

    /// <summary>Each of two divergent ranks blames the other. Whoever is found wrong first accuses nobody any more.</summary>
    [Fact]
    public async Task An_expelled_worker_is_not_listened_to()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        await ApplyAsync("b", Entries.After(LedgerChain.Origin, 1, mark: 9));
        Effects.Take();
        await DivergeAsync("b", "a");
        await ReportAsync("b", new WorkerReport { Failure = new WorkerFailure { Message = "I was expelled" } });
        await ApplyAsync("b", Chain[1]);
        Assert.Empty(Effects.Take());
        Assert.Equal("a", Assert.Single(Main.Generation!.Members).Worker);
    }

    [Fact]
    public async Task When_all_workers_leave_they_are_asked_to_halt_and_only_once()
    {
        await ComeAsync(Main, "a", "b");
        foreach (var worker in (string[])["a", "b"]) await ReportAsync(worker, new WorkerReport { Leave = new Leave { Reason = "SIGTERM" } });
        await Main.TickAsync();
        Assert.Single(Effects.Take(), done => done == "all: Stop");
        await ApplyAsync("a", Chain[0]);
        await ReportAsync("a", new WorkerReport { Halted = new Halted { Generation = 1, Step = 1 } });
        var written = new CheckpointWritten { Step = 1, LedgerHash = Convert.ToHexStringLower(Chain[0].Hash.Span) };
        await ReportAsync("a", new WorkerReport { CheckpointWritten = written });
        await Main.AssembledAsync(written);
        Assert.Contains("halted 1 (abandoned)", Effects.Take());
    }

    [Fact]
    public async Task A_worker_that_connects_after_stop_was_asked_is_told()
    {
        await ComeAsync(Main, "a", "b");
        await Main.StopAsync("Ctrl-C");
        Effects.Take();
        await Main.ConnectAsync(new Hello { Worker = "c", Incarnation = "c#1" });
        Assert.Equal(["c preparing", "c: Stage", "c: generation 1", "c: Stop"], Effects.Take());
    }

    [Fact]
    public async Task Stop_before_the_first_generation_ends_at_once()
    {
        await ComeAsync(Main, "a");
        await Main.StopAsync("Ctrl-C");
        Assert.Equal(["halted 0"], Effects.Take());
        await ComeAsync(Main, "b");
        Assert.Null(Main.Generation);
    }

    /// <summary>Ranks that had no coordinator halted; one of them finds the next one before it ends.</summary>
    [Fact]
    public async Task A_halt_that_nobody_asked_this_lead_for_ends_nothing_and_another_generation_goes_on()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        Effects.Take();
        await ReportAsync("a", new WorkerReport { Halted = new Halted { Generation = 1, Step = 1 } });
        Assert.Equal(["store 2", "formed a b", "all: generation 2"], Effects.Take());
        Assert.True(Main.Generation!.GoesOn);

        // The same halt, from who heard of it later, counts no more, even when somebody asks for another one.
        await ReportAsync("b", new WorkerReport { Halted = new Halted { Generation = 1, Step = 1 } });
        await Main.StopAsync("Ctrl-C");
        await ReportAsync("b", new WorkerReport { Halted = new Halted { Generation = 1, Step = 1 } });
        var written = new CheckpointWritten { Step = 1, LedgerHash = Convert.ToHexStringLower(Chain[0].Hash.Span) };
        await ReportAsync("a", new WorkerReport { CheckpointWritten = written });
        await Main.AssembledAsync(written);
        Assert.DoesNotContain(Effects.Take(), done => done.StartsWith("halted", StringComparison.Ordinal));
        await ReportAsync("a", new WorkerReport { Halted = new Halted { Generation = 2, Step = 1 } });
        Assert.Contains("halted 1", Effects.Take());
    }

    [Fact]
    public async Task A_silent_worker_is_noticed_when_time_passes()
    {
        await ComeAsync(Main, "a", "b");
        await PassAsync(14);
        await ReportAsync("a", new WorkerReport { Heartbeat = new Heartbeat() });
        Assert.Empty(Effects.Take());
        await PassAsync(2);
        Assert.Equal(["store 2", "formed a", "all: generation 2"], Effects.Take());
    }

    [Fact]
    public async Task A_failure_of_a_worker_ends_the_stage_with_its_words()
    {
        await ComeAsync(Main, "a", "b");
        await ReportAsync("b", new WorkerReport { Failure = new WorkerFailure { Message = "the shard is damaged", UserError = true } });
        Assert.Equal(["failed (user): b: the shard is damaged"], Effects.Take());
    }

    [Fact]
    public async Task Skips_in_a_row_that_are_handed_over_end_the_stage_too()
    {
        var lead = Lead(totalSteps: 100);
        await ComeAsync(lead, "a", "b");
        var handover = new Handover { Checkpoint = new CheckpointWritten { Step = 5 } };
        for (var (step, head) = (1, LedgerChain.Origin); step <= 5; step++)
        {
            var entry = Entries.After(head, step, skipped: true);
            head = entry.Hash;
            handover.Applied.Add(new Applied { Entry = entry });
        }
        await ReportAsync(lead, "a", new WorkerReport { Handover = handover });
        Assert.Contains(Effects.Take(), done => done.StartsWith("failed: 5 steps in a row", StringComparison.Ordinal));
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
        Assert.DoesNotContain(Effects.Take(), done => done.StartsWith("failed", StringComparison.Ordinal));
        await CommitAsync(skipped: true);
        var failure = Assert.Single(Effects.Take(), done => done.StartsWith("failed", StringComparison.Ordinal));
        Assert.Contains("step 6: samples 60..69", failure, StringComparison.Ordinal);
        Assert.Contains("step 10: samples 100..109", failure, StringComparison.Ordinal);
    }
}
