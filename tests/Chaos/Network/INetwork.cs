using MiniMind.Chaos.Faults;

namespace MiniMind.Chaos.Network;

/// <summary>Where a party's process runs and listens.</summary>
/// <param name="Within">What starts a process there: a command before its own; empty: nothing is needed.</param>
/// <param name="Host">Address to listen on.</param>
/// <param name="Port">Port to listen on.</param>
/// <param name="Advertised">HOST:PORT by which all others reach it.</param>
public sealed record Place(IReadOnlyList<string> Within, string Host, int Port, string Advertised);

/// <summary>What happened to connections.</summary>
/// <param name="Words">For people.</param>
/// <param name="Heal">Undoes it.</param>
public sealed record Disturbance(string Words, Action Heal);

/// <summary>Where the parties of a run are.</summary>
public interface IPlaces
{
    /// <summary>A place for the next process of a party.</summary>
    Place Settle(string party);

    /// <summary>HOST:PORT by which others reach a party, whether it is there yet or not.</summary>
    string AddressOf(string party);
}

/// <summary>How the parties of a run reach each other, and what may come between them. Healing one disturbance of a link heals all of it.</summary>
public interface INetwork : IPlaces, IAsyncDisposable
{
    /// <summary>Kinds of faults between parties that it knows.</summary>
    IReadOnlyList<FaultKind> Faults { get; }

    /// <summary>Breaks all connections between two parties: both ends see a reset.</summary>
    void Reset(string one, string other);

    /// <summary>Bytes between two parties arrive later.</summary>
    Disturbance Delay(string one, string other, TimeSpan late);

    /// <summary>Little bandwidth between a party and others; at least between these.</summary>
    Disturbance Slow(string party, IReadOnlyList<string> others, long bytesPerSecond);

    /// <summary>Nothing that one sends to another arrives, and nobody is told.</summary>
    Disturbance Silence(string from, string to);

    /// <summary>Nothing arrives between two parties.</summary>
    Disturbance Cut(string one, string other);

    /// <summary>Nothing arrives between a party and all others.</summary>
    Disturbance Isolate(string party, IReadOnlyList<string> others);
}
