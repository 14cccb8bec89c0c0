namespace MiniMind.Coordinator.Audit;

/// <summary>One part of an audit: what it proved, and what it found wrong.</summary>
/// <param name="name">What is looked at, in a word.</param>
public sealed class AuditPart(string name)
{
    /// <summary>Of faults that follow from one another the first ones say it all.</summary>
    public const int MostFaults = 20;

    private readonly List<string> _faults = [];

    /// <summary>What is looked at, in a word.</summary>
    public string Name => name;

    /// <summary>What holds if there is no fault, with its figures.</summary>
    public string Proven { get; private set; } = "";

    /// <summary>What the run has not done yet, for a sentence; null when this part is finished.</summary>
    public string? Open { get; private set; }

    /// <summary>What is wrong, each with its place; the first <see cref="MostFaults"/>.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>How many faults there are in all.</summary>
    public long FaultCount { get; private set; }

    /// <summary>Says what holds if there is no fault.</summary>
    public void Prove(string proven) => Proven = proven;

    /// <summary>Says what holds so far if there is no fault, and what is still to be done.</summary>
    public void ProveSoFar(string proven, string open) => (Proven, Open) = (proven, open);

    /// <summary>Something is wrong.</summary>
    /// <param name="place">Where: a file, a line of it, a step.</param>
    /// <param name="message">What was expected and what was found.</param>
    public void Fault(string place, string message)
    {
        if (++FaultCount <= MostFaults) _faults.Add($"{place}: {message}");
    }
}
