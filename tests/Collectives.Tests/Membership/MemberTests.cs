using MiniMind.Collectives.Membership;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class MemberTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)] // more members than lanes
    public async Task Any_number_of_members_ends_with_the_expected_bits_and_one_ledger(int members)
    {
        await using var crew = new Crew(totalSteps: 5);
        foreach (var name in Plans.Workers(members)) await crew.AddAsync(name);
        crew.Announce(1, Plans.Workers(members));
        foreach (var hand in crew.Hands.Values) await hand.Reports.AppliedAsync(5);

        var expected = TestReplica.Expected(5, Crew.Lanes);
        Assert.All(crew.Hands.Values, hand => Assert.Equal(expected, hand.Replica.Weights));
        var ledgers = crew.Hands.Values.Select(hand => hand.Reports.Unacknowledged).ToList();
        Assert.All(ledgers, ledger => Assert.Equal(ledgers[0], ledger));
        Assert.Equal(5, ledgers[0].Count);
        var previous = LedgerChain.Origin;
        foreach (var entry in ledgers[0])
        {
            Assert.Equal((previous, LedgerChain.Hash(entry)), (entry.Previous, entry.Hash));
            previous = entry.Hash;
        }
    }

    /// <summary>Lanes of unequal shares, that no other split has, hot spares between those who compute, and lanes that move at a boundary.</summary>
    [Theory]
    [InlineData("7 1", "1 7")]
    [InlineData("0 5 3", "3 5 0")]
    [InlineData("0 0 0 8", "1 3 0 4")]
    [InlineData("2 3 2 1", "8 0 0 0")]
    public async Task Any_shares_of_lanes_end_with_the_expected_bits(string before, string after)
    {
        int[] Shares(string text) => [.. text.Split(' ').Select(int.Parse)];
        var workers = Plans.Workers(Shares(before).Length);
        await using var crew = new Crew(totalSteps: 10, validationInterval: 3);
        foreach (var name in workers) await crew.AddAsync(name);
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var hand in crew.Hands.Values) hand.Replica.BeforeLane = (step, _, _) => step < 6 ? Task.CompletedTask : moved.Task;
        crew.Announce(1, workers, shares: Shares(before));
        await crew["w0"].Reports.AppliedAsync(5);
        crew.Announce(2, workers, atBoundary: true, shares: Shares(after));
        moved.SetResult();

        foreach (var name in workers)
        {
            await crew[name].Reports.AppliedAsync(10);
            Assert.Equal(TestReplica.Expected(10, Crew.Lanes), crew[name].Replica.Weights);
            Assert.DoesNotContain(crew[name].Reports.All, report => report.Trouble is not null);
            Assert.Equal(1, crew[name].Replica.Restored);
        }
        var lanes = crew.Hands.Values.Select(hand => hand.Reports.All.Last(report => report.Applied is not null).Applied.Facts.Lanes);
        Assert.Equal(after, string.Join(' ', lanes));
    }

    [Fact]
    public async Task A_rank_whose_weights_change_by_one_bit_between_steps_is_named_and_nobody_applies_the_step()
    {
        await using var crew = new Crew(totalSteps: 10);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        var odd = crew["w1"].Replica;
        odd.BeforeLane = (step, lane, _) =>
        {
            if (step == 4 && lane == Crew.Lanes - 1) odd.TurnBit(17);
            return Task.CompletedTask;
        };
        crew.Announce(1, Plans.Workers(2));

        foreach (var hand in crew.Hands.Values)
        {
            var trouble = (await hand.Reports.NextAsync(report => report.Trouble is not null)).Trouble;
            Assert.Equal((Trouble.Types.Kind.Diverged, "w1", 1), (trouble.Kind, Assert.Single(trouble.Workers), trouble.Generation));
            Assert.Equal(3, hand.Member.Position.Step);
            Assert.DoesNotContain(hand.Reports.All, report => report.Applied?.Entry.Step == 4);
        }
        Assert.Equal(TestReplica.Expected(3, Crew.Lanes), crew["w0"].Replica.Weights);

        // The odd one is expelled; a new process copies the state of the right one.
        await crew["w1"].CrashAsync();
        await crew.AddAsync("w2");
        crew.Announce(2, ["w0", "w2"], to: ["w0", "w2"]);
        foreach (var name in (string[])["w0", "w2"]) await crew[name].Reports.AppliedAsync(10);
        Assert.Equal(TestReplica.Expected(10, Crew.Lanes), crew["w2"].Replica.Weights);
        Assert.Equal((0, 1), (crew["w2"].Replica.Restored, crew["w2"].Replica.Adopted));
    }

    [Fact]
    public async Task After_a_crash_in_the_middle_of_a_step_the_survivors_end_with_the_same_bits()
    {
        await using var crew = new Crew(totalSteps: 8, validationInterval: 4);
        foreach (var name in Plans.Workers(3)) await crew.AddAsync(name);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        crew["w2"].Replica.BeforeLane = (step, _, cancellation) =>
        {
            if (step < 4) return Task.CompletedTask;
            reached.TrySetResult();
            return new Waiter().WaitAsync(cancellation);
        };
        crew.Announce(1, Plans.Workers(3));
        await reached.Task.WaitAsync(Transport.Patience.Limit);
        await crew["w2"].CrashAsync();
        foreach (var name in Plans.Workers(2)) await crew[name].Reports.NextAsync(report => report.Trouble is not null);

        crew.Announce(2, Plans.Workers(2), to: Plans.Workers(2));

        foreach (var name in Plans.Workers(2))
        {
            await crew[name].Reports.AppliedAsync(8);
            Assert.Equal(TestReplica.Expected(8, Crew.Lanes), crew[name].Replica.Weights);
            Assert.Equal(1, crew[name].Replica.Restored);
        }
        var validations = await crew["w0"].Reports.NextAsync(report => report.Validated?.Step == 8);
        Assert.Equal(7L * Crew.Lanes, validations.Validated.Sums.Targets);
    }

    [Fact]
    public async Task A_joiner_enters_at_a_boundary_that_all_ranks_cross_after_the_same_step()
    {
        await using var crew = new Crew(totalSteps: 30);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Holds the generation before its end until the joiner is announced to one of them only.
        crew["w0"].Replica.BeforeLane = (step, _, _) => step < 20 ? Task.CompletedTask : joined.Task;
        crew.Announce(1, Plans.Workers(2));
        await crew["w0"].Reports.AppliedAsync(19);
        await crew.AddAsync("w2");
        crew.Announce(2, Plans.Workers(3), atBoundary: true);
        joined.SetResult();

        foreach (var name in Plans.Workers(3)) await crew[name].Reports.AppliedAsync(30);
        Assert.All(crew.Hands.Values, hand => Assert.Equal(TestReplica.Expected(30, Crew.Lanes), hand.Replica.Weights));
        Assert.Equal(2, crew["w2"].Member.Generation);
        Assert.All(["w0", "w1"], name => Assert.DoesNotContain(crew[name].Reports.All, report => report.Trouble is not null));
    }

    /// <summary>
    /// The reader of the coordinator's stream hands over both in one breath; the member sees the second only, which by itself would wait for a boundary
    /// that the silent peer never lets come.
    /// </summary>
    [Fact]
    public async Task A_generation_that_starts_at_once_is_obeyed_even_when_another_replaces_it_before_anybody_looks()
    {
        await using var crew = new Crew(totalSteps: 6);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        var stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        crew["w1"].Replica.BeforeLane = (step, _, cancellation) =>
        {
            if (step < 3) return Task.CompletedTask;
            stuck.TrySetResult();
            return new Waiter().WaitAsync(cancellation);
        };
        crew.Announce(1, Plans.Workers(2));
        await stuck.Task.WaitAsync(Transport.Patience.Limit);
        await crew.AddAsync("w2");

        crew["w0"].Inbox.Announce(Plans.Of(2, 0, ["w0"], Crew.Lanes));
        crew.Announce(3, ["w0", "w2"], atBoundary: true, to: ["w0", "w2"]);

        foreach (var name in (string[])["w0", "w2"]) await crew[name].Reports.AppliedAsync(6);
        Assert.Equal(TestReplica.Expected(6, Crew.Lanes), crew["w2"].Replica.Weights);
    }

    [Fact]
    public async Task Stop_reaches_all_ranks_through_the_tail_and_they_halt_after_the_same_step()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        foreach (var name in Plans.Workers(3)) await crew.AddAsync(name);
        crew.Announce(1, Plans.Workers(3));
        await crew["w1"].Reports.AppliedAsync(2);
        crew["w1"].Member.Stop();
        var halts = new List<Halted>();
        foreach (var hand in crew.Hands.Values) halts.Add((await hand.Reports.NextAsync(report => report.Halted is not null)).Halted);
        Assert.All(halts, halt => Assert.Equal(halts[0].Step, halt.Step));
        var written = Assert.Single(crew["w0"].Reports.All, report => report.CheckpointWritten is not null).CheckpointWritten;
        Assert.Equal(halts[0].Step, written.Step);
        Assert.DoesNotContain(crew["w1"].Reports.All, report => report.CheckpointWritten is not null);
    }

    [Fact]
    public async Task A_generation_that_begins_while_the_ranks_halt_is_entered_but_not_stepped_in()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var hand in crew.Hands.Values) hand.Replica.BeforeLane = (step, _, _) => step < 3 ? Task.CompletedTask : asked.Task;
        crew.Announce(1, Plans.Workers(2));
        await crew["w1"].Reports.AppliedAsync(2);
        foreach (var hand in crew.Hands.Values) hand.Member.Stop();
        crew.Announce(2, ["w1"], atBoundary: true);
        asked.SetResult();
        var halted = (await crew["w1"].Reports.NextAsync(report => report.Halted is not null)).Halted.Step;
        await Task.Run(async () =>
        {
            while (crew["w1"].Member is not { Generation: 2, Phase: "wait" }) await Task.Yield();
        }).WaitAsync(Transport.Patience.Limit);
        Assert.Equal(halted, crew["w1"].Member.Position.Step);
    }

    /// <summary>The lowest rank is still writing when the generation ends; it says in the next one that it has halted.</summary>
    [Fact]
    public async Task A_halt_is_reported_even_when_a_generation_begins_while_its_checkpoint_is_written()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        var hand = await crew.AddAsync("w0");
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hand.Replica.WriteCheckpoint = (_, _) =>
        {
            begun.TrySetResult();
            return written.Task;
        };
        crew.Announce(1, ["w0"]);
        await hand.Reports.AppliedAsync(2);
        hand.Member.Stop();
        await begun.Task.WaitAsync(Transport.Patience.Limit);
        crew.Announce(2, ["w0"]);
        await Task.Run(async () =>
        {
            while (hand.Member.Generation < 2) await Task.Yield();
        }).WaitAsync(Transport.Patience.Limit);
        written.SetResult();
        Assert.Equal(2, (await hand.Reports.NextAsync(report => report.Halted is not null)).Halted.Generation);
    }

    /// <summary>Some have heard that all should halt, others come without having heard it: the step that follows is all ranks' or nobody's.</summary>
    [Fact]
    public async Task Ranks_that_have_halted_go_on_with_one_that_has_not_until_all_are_asked_again()
    {
        await using var crew = new Crew(totalSteps: 6);
        await crew.AddAsync("w0");
        crew.Announce(1, ["w0"]);
        var first = crew["w0"];
        first.Replica.BeforeLane = (step, lane, _) =>
        {
            if (step == 2) first.Member.Stop();
            return Task.CompletedTask;
        };
        Assert.InRange((await first.Reports.NextAsync(report => report.Halted is not null)).Halted.Step, 2, 3);
        first.Replica.BeforeLane = (_, _, _) => Task.CompletedTask;
        await crew.AddAsync("w1");
        crew.Announce(2, ["w0", "w1"]);
        foreach (var hand in crew.Hands.Values) await hand.Reports.NextAsync(report => report.Halted is { Generation: 2 });
        Assert.Equal(crew["w0"].Member.Position.Step, crew["w1"].Member.Position.Step);
        Assert.Equal(crew["w0"].Replica.Weights, crew["w1"].Replica.Weights);
    }

    [Fact]
    public async Task A_member_that_leaves_goes_when_a_generation_without_it_begins()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew.Announce(1, Plans.Workers(2));
        await crew["w1"].Reports.AppliedAsync(2);
        crew["w1"].Member.Leave();
        await crew["w0"].Reports.AppliedAsync(4);
        Assert.False(crew["w1"].End.IsCompleted);
        crew.Announce(2, ["w0"], atBoundary: true);
        Assert.Equal(MemberEnd.Left, await crew["w1"].End.WaitAsync(Transport.Patience.Limit));
        await crew["w0"].Reports.NextAsync(report => report.Applied?.Generation == 2);
        Assert.DoesNotContain(crew["w0"].Reports.All, report => report.Trouble is not null);
    }

    [Fact]
    public async Task A_member_that_is_dismissed_says_so_and_a_late_signal_does_no_harm()
    {
        var crew = new Crew(totalSteps: 5);
        var hand = await crew.AddAsync("w0");
        await hand.DismissAsync();
        Assert.Equal(MemberEnd.Dismissed, await hand.End.WaitAsync(Transport.Patience.Limit));
        await crew.DisposeAsync();
        hand.Member.Leave();
        hand.Member.Stop();
    }

    [Fact]
    public async Task A_failing_restore_ends_the_member_with_its_fault()
    {
        await using var transport = new Collectives.Transport.InMemoryNetwork().CreateTransport("w0");
        var door = new Door(TimeSpan.FromMinutes(1), TimeProvider.System);
        await transport.StartAsync(door, default);
        var inbox = new GenerationInbox();
        var options = new MemberOptions { StageIndex = 0, Stage = "t", RunId = "t", Lanes = 8, TotalSteps = 1, Samples = _ => (0, 1), Group = Plans.Options };
        using var member = new Member(new TestReplica { RestoreFault = new IOException("the checkpoint cannot be read") }, transport, door, inbox, new RecordedReports(), options, TimeProvider.System);
        inbox.Announce(Plans.Of(1, 0, ["w0"], 8));
        await Assert.ThrowsAsync<IOException>(() => member.RunAsync(default)).WaitAsync(Transport.Patience.Limit);
    }
}
