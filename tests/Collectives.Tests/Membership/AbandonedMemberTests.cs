namespace MiniMind.Collectives.Tests.Membership;

/// <summary>Members that lose their coordinator, and what the next one may find.</summary>
public sealed class AbandonedMemberTests
{
    [Fact]
    public async Task Ranks_that_have_halted_step_on_in_a_generation_that_goes_on()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew.Announce(1, Plans.Workers(2));
        await crew["w0"].Reports.AppliedAsync(2);
        foreach (var hand in crew.Hands.Values) hand.Member.Stop();
        var halted = 0L;
        foreach (var hand in crew.Hands.Values) halted = (await hand.Reports.NextAsync(report => report.Halted is not null)).Halted.Step;

        foreach (var hand in crew.Hands.Values) hand.Member.GoOn();
        crew.Announce(2, Plans.Workers(2), goesOn: true);

        foreach (var hand in crew.Hands.Values) await hand.Reports.AppliedAsync(halted + 3);
    }

    [Fact]
    public async Task A_member_that_is_abandoned_halts_with_the_others_and_has_written_its_checkpoint()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew.Announce(1, Plans.Workers(2));
        await crew["w1"].Reports.AppliedAsync(2);

        Assert.True(await crew["w0"].Member.HaltAbandonedAsync().WaitAsync(Transport.Patience.Limit));
        Assert.True(await crew["w1"].Member.HaltAbandonedAsync().WaitAsync(Transport.Patience.Limit));

        Assert.Equal(crew["w0"].Member.Position.Step, crew["w1"].Member.Position.Step);
        var written = Assert.Single(crew["w0"].Reports.All, report => report.CheckpointWritten is not null).CheckpointWritten;
        Assert.Equal(crew["w0"].Member.Position.Step, written.Step);
    }

    /// <summary>Nobody can begin another generation: what it waits for never comes.</summary>
    [Fact]
    public async Task A_member_that_is_abandoned_waits_for_no_one_when_a_peer_dies()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        crew["w1"].Replica.BeforeLane = (step, _, over) => step < 3 ? Task.CompletedTask : held.Task.WaitAsync(over);
        crew.Announce(1, Plans.Workers(2));
        await crew["w0"].Reports.AppliedAsync(2);
        var halting = crew["w0"].Member.HaltAbandonedAsync();
        Assert.False(halting.IsCompleted);

        await crew["w1"].CrashAsync();

        Assert.False(await halting.WaitAsync(Transport.Patience.Limit));
        Assert.True(crew["w0"].Member.IsCounted);
        Assert.Equal(2, crew["w0"].Member.Position.Step);
        crew["w0"].Replica.TurnBit(3);
        Assert.False(crew["w0"].Member.IsCounted);
    }

    [Fact]
    public async Task A_member_that_has_ended_or_has_not_begun_is_waited_for_by_nobody()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        var hand = await crew.AddAsync("w0");
        Assert.False(await hand.Member.HaltAbandonedAsync().WaitAsync(Transport.Patience.Limit));
        var other = await crew.AddAsync("w1");
        crew.Announce(1, ["w1"], to: ["w1"]);
        await other.Reports.AppliedAsync(1);
        await other.DismissAsync();
        await other.End.WaitAsync(Transport.Patience.Limit);
        Assert.False(await other.Member.HaltAbandonedAsync().WaitAsync(Transport.Patience.Limit));
    }

    [Fact]
    public async Task A_member_that_has_ended_enters_nothing_that_was_announced_before()
    {
        await using var crew = new Crew(totalSteps: 1_000_000);
        var hand = await crew.AddAsync("w0");
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hand.Replica.BeforeLane = (_, _, over) =>
        {
            begun.TrySetResult();
            return held.Task.WaitAsync(over);
        };
        crew.Announce(1, ["w0"]);
        await begun.Task.WaitAsync(Transport.Patience.Limit);
        crew.Announce(2, ["w0"], atBoundary: true);
        await hand.DismissAsync();
        await hand.End.WaitAsync(Transport.Patience.Limit);

        Assert.False(await hand.Member.HaltAbandonedAsync().WaitAsync(Transport.Patience.Limit));
    }

    [Fact]
    public async Task A_checkpoint_with_other_weights_than_the_ledger_s_is_refused()
    {
        await using var crew = new Crew(totalSteps: 4);
        var hand = await crew.AddAsync("w0");
        var plan = Plans.Of(1, 0, ["w0"], Crew.Lanes);
        hand.Inbox.Announce(plan with { Restore = plan.Restore with { Weights = new byte[16] } });
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => hand.End.WaitAsync(Transport.Patience.Limit));
        Assert.Contains("holds other weights than the ledger says", fault.Message, StringComparison.Ordinal);
        Assert.False(hand.Member.Position.HasState);
        crew.Hands.Clear();
        hand.Member.Dispose();
    }
}
