using MiniMind.Collectives.Membership;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class CheckpointKeeperTests
{
    private static bool IsWritten(WorkerReport report) => report.CheckpointWritten is not null;

    [Fact]
    public async Task The_lowest_rank_writes_the_checkpoints_that_are_due()
    {
        await using var crew = new Crew(totalSteps: 7, checkpointInterval: 3);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew.Announce(1, Plans.Workers(2));
        foreach (var step in (long[])[3, 6, 7])
        {
            var written = (await crew["w0"].Reports.NextAsync(IsWritten)).CheckpointWritten;
            var entry = crew["w0"].Reports.Unacknowledged.Single(other => other.Step == step);
            Assert.Equal((step, Convert.ToHexStringLower(entry.Hash.Span)), (written.Step, written.LedgerHash));
        }
        Assert.DoesNotContain(crew["w1"].Reports.All, IsWritten);
    }

    [Fact]
    public async Task A_checkpoint_that_the_announcement_calls_complete_is_not_written_again()
    {
        await using var crew = new Crew(totalSteps: 4, checkpointInterval: 2);
        await crew.AddAsync("w0");
        crew.Announce(1, ["w0"], checkpoint: 2);
        Assert.Equal(4, (await crew["w0"].Reports.NextAsync(IsWritten)).CheckpointWritten.Step);
    }

    [Fact]
    public async Task A_member_that_leaves_finishes_what_it_writes()
    {
        await using var crew = new Crew(totalSteps: 1_000_000, checkpointInterval: 3);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        var (begun, done) = Writing(crew["w0"]);
        crew.Announce(1, Plans.Workers(2));
        await begun.Task.WaitAsync(Transport.Patience.Limit);
        crew["w0"].Member.Leave();
        crew.Announce(2, ["w1"]);
        await crew["w1"].Reports.NextAsync(report => report.Applied?.Generation == 2);
        Assert.False(crew["w0"].End.IsCompleted);

        done.SetResult();

        Assert.Equal(MemberEnd.Left, await crew["w0"].End.WaitAsync(Transport.Patience.Limit));
        Assert.Contains(crew["w0"].Reports.All, IsWritten);
    }

    [Fact]
    public async Task A_member_that_is_dismissed_gives_up_what_it_writes_and_reports_no_failure()
    {
        await using var crew = new Crew(totalSteps: 1_000_000, checkpointInterval: 3);
        var hand = await crew.AddAsync("w0");
        var (begun, _) = Writing(hand);
        crew.Announce(1, ["w0"]);
        await begun.Task.WaitAsync(Transport.Patience.Limit);
        await hand.DismissAsync();
        Assert.Equal(MemberEnd.Dismissed, await hand.End.WaitAsync(Transport.Patience.Limit));
        Assert.DoesNotContain(hand.Reports.All, report => IsWritten(report) || report.Failure is not null);
    }

    /// <summary>An upload may take minutes while a coordinator is away; the ranks must be able to go on without somebody meanwhile.</summary>
    [Fact]
    public async Task A_new_generation_does_not_wait_for_the_writer_and_nothing_is_written_twice()
    {
        await using var crew = new Crew(totalSteps: 6, checkpointInterval: 0);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        var (begun, done) = Writing(crew["w0"]);
        crew.Announce(1, Plans.Workers(2));
        await begun.Task.WaitAsync(Transport.Patience.Limit);
        await crew.AddAsync("w2");
        crew.Announce(2, Plans.Workers(3));
        // The newcomer has a copy of the finished state, although the writer is still writing.
        await Task.Run(async () =>
        {
            while (crew["w2"].Member.Position.Step < 6) await Task.Yield();
        }).WaitAsync(Transport.Patience.Limit);
        Assert.Equal(TestReplica.Expected(6, Crew.Lanes), crew["w2"].Replica.Weights);

        done.SetResult();

        await crew["w0"].Reports.NextAsync(IsWritten);
        await crew["w0"].DismissAsync();
        await crew["w0"].End.WaitAsync(Transport.Patience.Limit);
        Assert.Single(crew["w0"].Reports.All, IsWritten);
    }

    /// <summary>A slow upload must not cost the run its best weights.</summary>
    [Fact]
    public async Task The_best_weights_wait_in_memory_while_another_checkpoint_is_being_written()
    {
        await using var crew = new Crew(totalSteps: 8, checkpointInterval: 3, validationInterval: 4);
        var hand = await crew.AddAsync("w0");
        var (_, done) = Writing(hand);
        crew.Announce(1, ["w0"]);
        await hand.Reports.AppliedAsync(8);
        done.SetResult();
        var steps = new List<long>();
        do steps.Add((await hand.Reports.NextAsync(IsWritten)).CheckpointWritten.Step);
        while (steps[^1] < 8);
        Assert.Equal([3, 4, 8], steps);
    }

    [Fact]
    public async Task A_checkpoint_asked_for_is_written_by_whoever_is_the_lowest_rank_by_then()
    {
        await using var crew = new Crew(totalSteps: 1_000_000, checkpointInterval: -1);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew["w0"].Replica.WriteCheckpoint = (_, _) => throw new IOException("no space left on device");
        crew.Announce(1, Plans.Workers(2));
        await crew["w1"].Reports.AppliedAsync(2);
        crew["w1"].Member.CheckpointNow();
        await crew["w0"].Reports.NextAsync(report => report.CheckpointFailed is not null);
        crew.Announce(2, ["w1", "w0"], atBoundary: true);
        Assert.Equal(2, (await crew["w1"].Reports.NextAsync(IsWritten)).CheckpointWritten.Generation);
    }

    [Fact]
    public async Task A_checkpoint_that_cannot_be_written_is_reported_with_its_step()
    {
        await using var crew = new Crew(totalSteps: 3, checkpointInterval: 0);
        var hand = await crew.AddAsync("w0");
        hand.Replica.WriteCheckpoint = (_, _) => throw new IOException("no space left on device");
        crew.Announce(1, ["w0"]);
        var failed = (await hand.Reports.NextAsync(report => report.CheckpointFailed is not null)).CheckpointFailed;
        Assert.Equal((3L, "checkpoint of step 3 could not be written: no space left on device"), (failed.Step, failed.Message));
    }

    [Fact]
    public async Task A_checkpoint_that_the_lowest_rank_failed_to_write_is_written_by_the_next_one()
    {
        await using var crew = new Crew(totalSteps: 4, checkpointInterval: 0);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew["w0"].Replica.WriteCheckpoint = (_, _) => throw new IOException("no space left on device");
        crew.Announce(1, Plans.Workers(2));
        await crew["w0"].Reports.NextAsync(report => report.CheckpointFailed is not null);
        crew.Announce(2, ["w1", "w0"], atBoundary: true);
        Assert.Equal(4, (await crew["w1"].Reports.NextAsync(IsWritten)).CheckpointWritten.Step);
    }

    [Fact]
    public async Task A_checkpoint_that_a_member_failed_to_write_is_its_to_write_again_when_nobody_else_is_left()
    {
        await using var crew = new Crew(totalSteps: 4, checkpointInterval: 0);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew["w0"].Replica.WriteCheckpoint = (_, _) => throw new IOException("no space left on device");
        crew.Announce(1, Plans.Workers(2));
        await crew["w0"].Reports.NextAsync(report => report.CheckpointFailed is not null);
        crew["w0"].Replica.WriteCheckpoint = (_, _) => Task.CompletedTask;
        crew.Announce(2, ["w0"]);
        var written = (await crew["w0"].Reports.NextAsync(IsWritten)).CheckpointWritten;
        Assert.Equal((2L, 4L), (written.Generation, written.Step));
    }

    /// <summary>The interval's step went by under a writer that failed; the next one does not wait for another interval.</summary>
    [Fact]
    public async Task An_overdue_checkpoint_is_written_on_entering_a_generation()
    {
        const int Interval = 1000;
        await using var crew = new Crew(totalSteps: 1_000_000, Interval);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew["w0"].Replica.WriteCheckpoint = (_, _) => throw new IOException("no space left on device");
        crew.Announce(1, Plans.Workers(2));
        await crew["w0"].Reports.NextAsync(report => report.CheckpointFailed is not null);
        crew.Announce(2, ["w1", "w0"], atBoundary: true);
        var written = (await crew["w1"].Reports.NextAsync(IsWritten)).CheckpointWritten;
        Assert.Equal(2, written.Generation);
        Assert.InRange(written.Step, Interval, 2 * Interval - 1);
    }

    /// <summary>Lets the writing of the first checkpoint take until the test ends it.</summary>
    private static (TaskCompletionSource Begun, TaskCompletionSource Done) Writing(Hand hand)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hand.Replica.WriteCheckpoint = (_, cancellation) =>
        {
            begun.TrySetResult();
            return done.Task.WaitAsync(cancellation);
        };
        return (begun, done);
    }
}
