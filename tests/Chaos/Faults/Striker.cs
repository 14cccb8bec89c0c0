using MiniMind.Chaos.Fleets;
using MiniMind.Chaos.Network;

namespace MiniMind.Chaos.Faults;

/// <summary>What a fault did.</summary>
/// <param name="Words">For people.</param>
/// <param name="Mend">Undoes it; null when nothing remains of it.</param>
public sealed record Struck(string Words, Action? Mend);

/// <summary>Does to a fleet what a fault says.</summary>
public sealed class Striker(Fleet fleet, int workers)
{
    // Beyond this many more than at the start nobody joins; somebody goes instead.
    private const int MostMore = 2;
    private const long SlowBytesPerSecond = 8 << 20;

    private int _more;

    /// <summary>The names of the first workers.</summary>
    public IEnumerable<string> FirstNames => Enumerable.Range(0, workers).Select(Name);

    /// <summary>Strikes now, among those who are there now.</summary>
    public Struck Strike(Fault fault)
    {
        var running = fleet.Running;
        var victim = Fault.Pick(running, fault.Draw);
        string[] parties = [Fleet.Coordinator, .. running.Where(name => name != victim)];
        var other = Fault.Pick(parties, fault.OtherDraw);
        return fault.Kind switch
        {
            FaultKind.KillWorker => Kill([victim]),
            FaultKind.KillAllWorkers => Kill(running),
            FaultKind.StopWorker => Stop(victim),
            FaultKind.AddWorker when running.Count < workers + MostMore => Add(),
            FaultKind.EndWorker or FaultKind.AddWorker => End(victim),
            FaultKind.KillCoordinator => KillCoordinator(),
            FaultKind.ResetLink => new Struck($"{fleet.Wires.Reset(victim, other)} connections between {victim} and {other} are reset", null),
            FaultKind.DelayLink => Disturb(
                fleet.Wires.Between(victim, other), wire => wire.Delay = fault.Delay, $"{fault.Delay.TotalMilliseconds:0} ms of delay between {victim} and {other}"),
            FaultKind.SlowLink => Disturb(
                fleet.Wires.Between(victim, other), wire => wire.Rate = SlowBytesPerSecond, $"{SlowBytesPerSecond >> 20} MB/s between {victim} and {other}"),
            FaultKind.SilenceLink => Disturb([fleet.Wires[victim, other]], wire => wire.Hold(), $"nothing from {victim} reaches {other}"),
            FaultKind.CutLink => Disturb(fleet.Wires.Between(victim, other), wire => wire.Hold(), $"{victim} and {other} are cut off from each other"),
            FaultKind.IsolateWorker => Disturb(
                [.. parties.SelectMany(party => fleet.Wires.Between(victim, party))], wire => wire.Hold(), $"{victim} is cut off from everybody"),
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "a kind of fault that nobody strikes"),
        };
    }

    private static string Name(int index) => $"worker-{index}";

    private Struck Kill(IReadOnlyList<string> names)
    {
        foreach (var name in names) fleet.KillWorker(name);
        return new Struck($"SIGKILL of {string.Join(", ", names)}", () =>
        {
            foreach (var name in names) fleet.StartWorker(name);
        });
    }

    private Struck Stop(string name)
    {
        fleet.HoldWorker(name);
        return new Struck($"SIGSTOP of {name}", () => fleet.ContinueWorker(name));
    }

    private Struck End(string name)
    {
        var successor = Name(workers + _more++);
        fleet.EndWorker(name);
        return new Struck($"SIGTERM of {name}, {successor} will come", () => fleet.StartWorker(successor));
    }

    private Struck Add()
    {
        var name = Name(workers + _more++);
        fleet.StartWorker(name);
        return new Struck($"{name} joins", null);
    }

    private Struck KillCoordinator()
    {
        fleet.KillCoordinator();
        return new Struck("SIGKILL of the coordinator", fleet.StartCoordinator);
    }

    private static Struck Disturb(IReadOnlyList<Wire> wires, Action<Wire> how, string words)
    {
        foreach (var wire in wires) how(wire);
        return new Struck(words, () =>
        {
            foreach (var wire in wires) wire.Heal();
        });
    }
}
