using MiniMind.Collectives.Membership;

namespace MiniMind.Collectives.Tests.Membership;

/// <summary>Members without lanes: they hold the state, step along, and take over at once.</summary>
public sealed class SpareTests
{
    [Fact]
    public async Task A_spare_takes_over_from_the_only_one_that_computed_without_loading_or_copying_anything()
    {
        await using var crew = new Crew(totalSteps: 8);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        crew["w0"].Replica.BeforeLane = (step, lane, cancellation) =>
        {
            if (step < 4 || lane < Crew.Lanes / 2) return Task.CompletedTask;
            reached.TrySetResult();
            return new Waiter().WaitAsync(cancellation);
        };
        crew.Announce(1, Plans.Workers(2), shares: [Crew.Lanes, 0]);
        await reached.Task.WaitAsync(Transport.Patience.Limit);
        await crew["w0"].CrashAsync();
        await crew["w1"].Reports.NextAsync(report => report.Trouble is not null);
        Assert.Equal(3, crew["w1"].Member.Position.Step);

        crew.Announce(2, ["w1"], to: ["w1"]);

        await crew["w1"].Reports.AppliedAsync(8);
        Assert.Equal(TestReplica.Expected(8, Crew.Lanes), crew["w1"].Replica.Weights);
        Assert.Equal((1, 0), (crew["w1"].Replica.Restored, crew["w1"].Replica.Adopted));
    }

    [Fact]
    public async Task A_spare_that_dies_is_missed_by_nobody_for_long()
    {
        await using var crew = new Crew(totalSteps: 8);
        foreach (var name in Plans.Workers(3)) await crew.AddAsync(name);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        crew["w0"].Replica.BeforeLane = (step, _, _) => step < 4 ? Task.CompletedTask : held.Task;
        crew.Announce(1, Plans.Workers(3), shares: [4, 0, 4]);
        await crew["w0"].Reports.AppliedAsync(3);
        await crew["w1"].CrashAsync();
        held.SetResult();
        foreach (var name in (string[])["w0", "w2"]) await crew[name].Reports.NextAsync(report => report.Trouble is not null);

        crew.Announce(2, ["w0", "w2"], to: ["w0", "w2"], shares: [4, 4]);

        foreach (var name in (string[])["w0", "w2"])
        {
            await crew[name].Reports.AppliedAsync(8);
            Assert.Equal(TestReplica.Expected(8, Crew.Lanes), crew[name].Replica.Weights);
        }
    }
}
