using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>A generation cannot go on because of some of its ranks. The member reports it and waits for a newer generation.</summary>
public sealed class PeerException(Trouble.Types.Kind kind, IReadOnlyList<int> ranks, string message, Exception? cause = null)
    : Exception(message, cause)
{
    /// <summary>What is wrong.</summary>
    public Trouble.Types.Kind Kind { get; } = kind;

    /// <summary>The ranks that it is about.</summary>
    public IReadOnlyList<int> Ranks { get; } = ranks;
}
