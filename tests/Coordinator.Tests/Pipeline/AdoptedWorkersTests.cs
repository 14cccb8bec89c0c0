using MiniMind.Coordinator.Pipeline;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Pipeline;

public sealed class AdoptedWorkersTests
{
    private readonly List<string> _givenUp = [];
    private readonly OneTimer _time = new();

    private static RunEvent Noticed(string worker) => new() { Noticed = new WorkerNoticed { Worker = worker, State = "preparing" } };

    [Fact]
    public void Who_has_not_come_in_time_is_given_up_and_only_once()
    {
        using var adopted = new AdoptedWorkers(TimeSpan.FromSeconds(180), _givenUp.Add, _time);
        adopted.Await(["a", "b"]);
        Assert.Equal(TimeSpan.FromSeconds(180), _time.Due);
        adopted.Hear(Noticed("a"));
        adopted.Hear(new RunEvent { Committed = new StepCommitted() });
        _time.Fire!();
        Assert.Equal(["b"], _givenUp);
        _time.Fire!();
        Assert.Equal(["b"], _givenUp);
    }

    [Fact]
    public void Nobody_is_waited_for_when_nobody_outlived_a_coordinator()
    {
        using var adopted = new AdoptedWorkers(TimeSpan.FromSeconds(180), _givenUp.Add, _time);
        adopted.Await([]);
        Assert.Null(_time.Fire);
    }

    /// <summary>A clock whose only timer is fired by the test.</summary>
    private sealed class OneTimer : TimeProvider
    {
        public TimeSpan Due { get; private set; }

        public Action? Fire { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (Due, Fire) = (dueTime, () => callback(state));
            return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
