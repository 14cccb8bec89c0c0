using MiniMind.Coordinator.Generations;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class StageLeadCheckpointTests : LeadScene
{
    private CheckpointWritten Written(long step) => new() { Step = step, LedgerHash = Convert.ToHexStringLower(Chain[(int)step - 1].Hash.Span) };

    private Task WriteAsync(string worker, long step) => ReportAsync(worker, new WorkerReport { CheckpointWritten = Written(step) });

    private Task FailToWriteAsync(string worker, long step) => ReportAsync(worker, new WorkerReport
    {
        CheckpointFailed = new CheckpointFailed { Step = step, Message = "no space left" },
    });

    [Fact]
    public async Task A_checkpoint_ahead_of_the_ledger_waits_for_its_entry()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        Effects.Take();
        await WriteAsync("a", 2);
        Assert.Empty(Effects.Take());
        await ApplyAsync("b", Chain[1]);
        Assert.Equal(["committed 2", "all: durable 2", "assemble 2"], Effects.Take());
        await WriteAsync("a", 2);
        Assert.Empty(Effects.Take());
        await Main.AssembledAsync(Written(2));
        Assert.Equal(["checkpoint 2"], Effects.Take());
        await WriteAsync("a", 2);
        Assert.Empty(Effects.Take());
    }

    /// <summary>Copying gigabytes takes its time; reports must be heard meanwhile, further checkpoints among them.</summary>
    [Fact]
    public async Task Checkpoints_are_assembled_one_after_another_oldest_first_while_the_lead_goes_on()
    {
        await ComeAsync(Main, "a", "b");
        foreach (var entry in Chain.Take(3)) await ApplyAsync("a", entry);
        Effects.Take();
        await WriteAsync("a", 1);
        await WriteAsync("b", 3);
        await WriteAsync("b", 2);
        Assert.Equal(["assemble 1"], Effects.Take());
        await ApplyAsync("b", Chain[3]);
        Assert.Equal(["committed 4", "all: durable 4"], Effects.Take());
        foreach (var step in (long[])[1, 2, 3]) await Main.AssembledAsync(Written(step));
        Assert.Equal(["checkpoint 1", "assemble 2", "checkpoint 2", "assemble 3", "checkpoint 3"], Effects.Take());
    }

    [Fact]
    public async Task Only_what_is_said_of_the_folder_that_is_being_assembled_counts()
    {
        await ComeAsync(Main, "a", "b");
        foreach (var entry in Chain.Take(2)) await ApplyAsync("a", entry);
        await WriteAsync("a", 2);
        Assert.Equal((true, false), (Main.IsAssembling(Written(2)), Main.IsAssembling(Written(1))));
        await Main.AssembledAsync(Written(2));
        Assert.False(Main.IsAssembling(Written(2)));
    }

    [Fact]
    public async Task A_checkpoint_that_is_handed_over_brings_its_entries_and_what_is_known_of_them()
    {
        await Main.ConnectAsync(new Hello { Worker = "a", Incarnation = "a#1", Endpoint = "a:1", Step = -1 });
        Effects.Take();
        var handover = new WorkerReport { Handover = new Handover { Checkpoint = Written(2) } };
        handover.Handover.Applied.Add(new Applied { Entry = Chain[0] });
        handover.Handover.Applied.Add(new Applied { Entry = Chain[1], Facts = new StepFacts { LearningRate = 0.25 } });

        await ReportAsync("a", handover);

        Assert.Equal(["a handing over", "committed 1", "all: durable 1", "committed 2", "all: durable 2", "assemble 2"], Effects.Take());
        Assert.Equal([null, 0.25], Effects.Facts.Select(facts => facts?.LearningRate));
    }

    [Fact]
    public async Task A_generation_says_which_weights_its_checkpoint_must_hold()
    {
        await ComeAsync(Main, "a", "b");
        Assert.Empty(Main.Generation!.RestoreWeights);
        foreach (var entry in Chain.Take(3)) await ApplyAsync("a", entry);
        await WriteAsync("a", 2);
        await Main.AssembledAsync(Written(2));
        await ComeAsync(Main, "c");
        Assert.Equal((2L, Chain[1].WeightsDigest), (Main.Generation!.RestoreStep, Main.Generation.RestoreWeights));
    }

    [Fact]
    public async Task A_worker_that_cannot_write_a_checkpoint_is_no_longer_the_lowest_rank()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        Effects.Take();
        await FailToWriteAsync("a", 1);
        Assert.Equal(["a trouble", "store 2", "formed b a", "all: generation 2"], Effects.Take());
        Assert.True(Main.Generation!.AtBoundary);
    }

    [Fact]
    public async Task A_checkpoint_that_no_member_can_write_ends_the_stage_with_the_reason()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        await FailToWriteAsync("a", 1);
        Effects.Take();
        await FailToWriteAsync("b", 1);
        Assert.Equal(["b trouble", "failed: b: no space left"], Effects.Take());
    }

    /// <summary>Disks are cleared: a failure of long ago is no reason to give up now.</summary>
    [Fact]
    public async Task A_failure_older_than_the_newest_checkpoint_does_not_count_against_its_worker()
    {
        await ComeAsync(Main, "a", "b");
        foreach (var entry in Chain.Take(2)) await ApplyAsync("a", entry);
        await FailToWriteAsync("a", 1);
        await WriteAsync("b", 2);
        await Main.AssembledAsync(Written(2));
        Effects.Take();
        await FailToWriteAsync("b", 3);
        Assert.Equal(["b trouble", "store 3", "formed a b", "all: generation 3"], Effects.Take());
        await FailToWriteAsync("a", 4);
        Assert.Equal(["a trouble", "failed: a: no space left"], Effects.Take());
    }

    [Fact]
    public async Task A_generation_says_which_checkpoint_is_written_already_though_not_complete()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        await WriteAsync("a", 1);
        await Main.DisconnectAsync("b", "b#1");
        Assert.Equal((1L, 0L), (Main.Generation!.CheckpointStep, Main.Generation.RestoreStep));
    }

    [Fact]
    public async Task Those_who_lost_the_state_wait_for_the_checkpoint_that_is_being_completed()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        await WriteAsync("a", 1);
        foreach (var worker in (string[])["a", "b"]) await Main.DisconnectAsync(worker, $"{worker}#1");
        Effects.Take();
        await Main.ConnectAsync(new Hello { Worker = "c", Incarnation = "c#1", Endpoint = "c:1", Step = -1 });
        await ReportAsync("c", new WorkerReport { Prepared = new Prepared { Probe = "probe" } });
        Assert.Equal(["c preparing", "c: Stage", "c: generation 1"], Effects.Take());
        await Main.AssembledAsync(Written(1));
        Assert.Equal(["checkpoint 1", "store 2", "formed c", "all: generation 2"], Effects.Take());
        Assert.Equal(1, Main.Generation!.RestoreStep);
    }

    [Fact]
    public async Task A_failed_checkpoint_that_has_been_overtaken_changes_nothing()
    {
        await ComeAsync(Main, "a", "b");
        foreach (var entry in Chain.Take(2)) await ApplyAsync("a", entry);
        await WriteAsync("b", 2);
        await Main.AssembledAsync(Written(2));
        Effects.Take();
        await FailToWriteAsync("a", 1);
        Assert.Empty(Effects.Take());
    }

    [Fact]
    public async Task A_later_generation_starts_from_the_newest_checkpoint()
    {
        await ComeAsync(Main, "a", "b");
        await ApplyAsync("a", Chain[0]);
        await WriteAsync("a", 1);
        await Main.AssembledAsync(Written(1));
        await Main.DisconnectAsync("b", "b#1");
        Assert.Equal((1L, 1L, Chain[0].Hash), (Main.Generation!.CheckpointStep, Main.Generation.RestoreStep, Main.Generation.RestoreLedger));
    }

    [Fact]
    public async Task The_stage_is_complete_with_its_last_checkpoint_and_whole_ledger_and_only_once()
    {
        await ComeAsync(Main, "a", "b");
        foreach (var entry in Chain.Take(TotalSteps)) await ApplyAsync("a", entry);
        Assert.DoesNotContain("completed", Effects.Take());
        await WriteAsync("a", TotalSteps);
        await Main.AssembledAsync(Written(TotalSteps));
        Assert.Equal(["assemble 4", "checkpoint 4", "completed"], Effects.Take());
        await Main.TickAsync();
        await Main.DisconnectAsync("a", "a#1");
        Assert.Equal(["a gone"], Effects.Take());
    }

    [Fact]
    public async Task A_halt_is_over_when_its_checkpoint_is_complete()
    {
        await ComeAsync(Main, "a", "b");
        await Main.StopAsync("Ctrl-C");
        Assert.Equal(["all: Stop"], Effects.Take());
        await ApplyAsync("a", Chain[0]);
        await ReportAsync("b", new WorkerReport { Halted = new Halted { Generation = 1, Step = 1 } });
        Assert.DoesNotContain("halted 1", Effects.Take());
        await WriteAsync("a", 1);
        await Main.AssembledAsync(Written(1));
        Assert.Equal(["assemble 1", "checkpoint 1", "halted 1"], Effects.Take());
    }

    /// <summary>All that had halted are gone, and with them the steps since the newest checkpoint.</summary>
    [Fact]
    public async Task A_halt_whose_ranks_were_lost_before_their_checkpoint_was_written_is_over_when_the_next_ranks_have_halted()
    {
        await ComeAsync(Main, "a", "b");
        await Main.StopAsync("Ctrl-C");
        foreach (var entry in Chain.Take(3)) await ApplyAsync("a", entry);
        await ReportAsync("b", new WorkerReport { Halted = new Halted { Generation = 1, Step = 3 } });
        foreach (var worker in (string[])["a", "b"]) await Main.DisconnectAsync(worker, $"{worker}#1");
        await ComeAsync(Main, "c");

        await WriteAsync("c", 1);
        await Main.AssembledAsync(Written(1));
        Assert.Equal(["assemble 1", "checkpoint 1"], Effects.Take());
        await ReportAsync("c", new WorkerReport { Halted = new Halted { Generation = Main.Generation!.Number, Step = 1 } });
        Assert.Equal(["halted 1"], Effects.Take());
    }

    /// <summary>The writer is gone, the coordinator too, and the survivor was told that there is nothing left to write.</summary>
    [Fact]
    public async Task A_checkpoint_that_was_lost_with_its_writer_and_the_coordinator_is_asked_for_once_more()
    {
        var lead = await RestartWithLostCheckpointAsync();
        await ReportAsync(lead, "b", new WorkerReport { Heartbeat = new Heartbeat() });
        Assert.Equal(["store 3", "formed b", "all: generation 3"], Effects.Take());
        Assert.Equal((-1L, true), (lead.Generation!.CheckpointStep, lead.Generation.AtBoundary));
    }

    [Fact]
    public async Task A_checkpoint_that_is_reported_again_after_a_restart_is_not_asked_for()
    {
        var lead = await RestartWithLostCheckpointAsync();
        await ReportAsync(lead, "b", new WorkerReport { CheckpointWritten = Written(1) });
        await ReportAsync(lead, "b", new WorkerReport { Heartbeat = new Heartbeat() });
        Assert.Equal(["assemble 1"], Effects.Take());
    }

    /// <summary>A kept checkpoint that was handed over counts as written; who handed it over may be gone as well.</summary>
    [Fact]
    public async Task A_checkpoint_that_was_handed_over_and_lost_with_the_coordinator_is_asked_for_once_more()
    {
        await ComeAsync(Main, "a", "b");
        var handover = new WorkerReport { Handover = new Handover { Checkpoint = Written(1) } };
        handover.Handover.Applied.Add(new Applied { Entry = Chain[0] });
        await ReportAsync("a", handover);
        await ApplyAsync("b", Chain[0]);
        await Main.DisconnectAsync("a", "a#1");
        var lead = Lead(TotalSteps, Main.Generation);
        await ComeAsync(lead, "b");
        await ReportAsync(lead, "b", new WorkerReport { Heartbeat = new Heartbeat() });
        Assert.Equal(["store 3", "formed b", "all: generation 3"], Effects.Take());
    }

    /// <summary>Generation 2, of b alone, says that the checkpoint of step 1 is written; then another lead begins, which b has reconnected to.</summary>
    private async Task<StageLead> RestartWithLostCheckpointAsync()
    {
        await ComeAsync(Main, "a", "b");
        foreach (var worker in (string[])["a", "b"]) await ApplyAsync(worker, Chain[0]);
        await WriteAsync("a", 1);
        await Main.DisconnectAsync("a", "a#1");
        Assert.Equal((2L, 1L), (Main.Generation!.Number, Main.Generation.CheckpointStep));
        var lead = Lead(TotalSteps, Main.Generation);
        await ComeAsync(lead, "b");
        return lead;
    }
}
