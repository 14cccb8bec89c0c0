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

    /// <summary>Some ranks have other weights, or other gradients, than they should. Whoever is among them accuses nobody but itself.</summary>
    /// <param name="self">This rank.</param>
    /// <param name="odd">Those found wrong; none when that cannot be told.</param>
    internal static PeerException Diverged(int self, IReadOnlyList<int> odd, string message) =>
        new(Trouble.Types.Kind.Diverged, odd.Contains(self) ? [self] : odd, message);
}
