using MiniMind.Chaos.Fleets;
using MiniMind.Chaos.Network;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Faults;

/// <summary>Does to a fleet what a fault says.</summary>
/// <param name="fleet">Whom.</param>
/// <param name="network">Between them.</param>
/// <param name="redis">What coordinators share; null: nothing.</param>
/// <param name="watch">What the run writes.</param>
/// <param name="workers">How many there are at the start.</param>
/// <param name="time">For delays.</param>
public sealed class Striker(Fleet fleet, INetwork network, RedisServer? redis, RunWatch watch, int workers, TimeProvider time)
{
    // Beyond this many more than at the start nobody joins; somebody goes instead.
    private const int MostMore = 2;
    private const long SlowRate = 4 << 20;

    private readonly Moments _moments = new(fleet, network, watch, time);
    private int _more;

    /// <summary>The names of the first workers.</summary>
    public IEnumerable<string> FirstNames => Enumerable.Range(0, workers).Select(Name);

    /// <summary>Strikes among those who are there now: at once, or at the moment that the fault waits for.</summary>
    public Task<Struck> StrikeAsync(Fault fault, CancellationToken over)
    {
        var running = fleet.Running;
        var victim = Fault.Pick(running, fault.Draw);
        return fault.Kind switch
        {
            FaultKind.KillWriter => _moments.KillWriterAsync(over),
            FaultKind.KillSource => _moments.KillSourceAsync(victim, fault.AtMost / 4, over),
            FaultKind.RestartRedis => RestartRedisAsync(),
            _ => Task.FromResult(Strike(fault, running, victim)),
        };
    }

    private Struck Strike(Fault fault, IReadOnlyList<string> running, string victim)
    {
        string[] parties = [Fault.Pick(fleet.Coordinators, fault.Draw), .. running.Where(name => name != victim)];
        var other = Fault.Pick(parties, fault.OtherDraw);
        return fault.Kind switch
        {
            FaultKind.KillWorker => Kill([victim]),
            FaultKind.KillTwoWorkers => Kill([.. running.Where(name => name != victim).Take(1), victim]),
            FaultKind.KillAllWorkers => Kill(running),
            FaultKind.StopWorker => Stop(victim),
            FaultKind.AddWorker when running.Count < workers + MostMore => Add(),
            FaultKind.EndWorker or FaultKind.AddWorker => End(victim),
            FaultKind.KillCoordinator => Kill([fleet.Leader]),
            FaultKind.StopCoordinator => Stop(fleet.Leader),
            FaultKind.ResetLink => Reset(victim, other),
            FaultKind.DelayLink => Disturb(network.Delay(victim, other, fault.Delay)),
            FaultKind.SlowLink => Disturb(network.Slow(victim, [other], SlowRate)),
            FaultKind.SilenceLink => Disturb(network.Silence(victim, other)),
            FaultKind.CutLink => Disturb(network.Cut(victim, other)),
            FaultKind.IsolateWorker => Disturb(network.Isolate(victim, [.. fleet.Coordinators, .. running.Where(name => name != victim)])),
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "a kind of fault that nobody strikes"),
        };
    }

    private static string Name(int index) => $"worker-{index}";

    private Struck Kill(IReadOnlyList<string> names)
    {
        foreach (var name in names) fleet.Kill(name);
        return new Struck($"SIGKILL of {string.Join(", ", names)}", () =>
        {
            foreach (var name in names) fleet.Start(name);
        });
    }

    private Struck Stop(string name)
    {
        fleet.Hold(name);
        return new Struck($"SIGSTOP of {name}", () => fleet.Continue(name));
    }

    private Struck End(string name)
    {
        var successor = Name(workers + _more++);
        fleet.End(name);
        return new Struck($"SIGTERM of {name}, {successor} will come", () => fleet.Start(successor));
    }

    private Struck Add()
    {
        var name = Name(workers + _more++);
        fleet.Start(name);
        return new Struck($"{name} joins", MendAsync: null);
    }

    private Struck Reset(string one, string other)
    {
        network.Reset(one, other);
        return new Struck($"the connections between {one} and {other} are reset", MendAsync: null);
    }

    private async Task<Struck> RestartRedisAsync()
    {
        await redis!.KillAsync();
        return new Struck("SIGKILL of the Redis", redis.StartAsync);
    }

    private static Struck Disturb(Disturbance disturbance) => new(disturbance.Words, disturbance.Heal);
}
