using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Cluster;

/// <summary>How a coordinator stands among those of its run.</summary>
public enum Standing
{
    /// <summary>It drives the run's pipeline.</summary>
    Leads,

    /// <summary>Another one does.</summary>
    Follows,

    /// <summary>The one that it followed has brought the run to an end.</summary>
    Over,
}

/// <summary>
/// Keeps in the run's state which of its coordinators drives the pipeline, so that an ETag decides between two that want to. Whoever leads does so until
/// it resigns or its silo is dead.
/// </summary>
/// <param name="isAlive">Whether a silo, by its address, may still be there.</param>
internal sealed class Leadership(IPersistentState<RunRecord> stored, Func<string, bool> isAlive)
{
    private readonly SortedDictionary<string, string> _addresses = new(StringComparer.Ordinal);

    /// <summary>Where workers reach the coordinators that are there.</summary>
    public IReadOnlyList<string> Addresses => [.. _addresses.Where(known => isAlive(known.Key)).Select(known => known.Value).Distinct()];

    /// <summary>A coordinator says that it is there; it leads from now on if nobody else does.</summary>
    /// <param name="silo">Its silo.</param>
    /// <param name="address">Where workers reach it.</param>
    /// <param name="followed">It has followed another one: then an end of the run is its end, too.</param>
    public async Task<Standing> StandAsync(string silo, string address, bool followed)
    {
        _addresses[silo] = address;
        var state = stored.State;
        if (state.Leader == silo) return Standing.Leads;
        if (state.Leader.Length > 0 && isAlive(state.Leader)) return Standing.Follows;
        if (followed && state.Ending is not null) return Standing.Over;
        (state.Leader, state.Ending) = (silo, null);
        await stored.WriteVersionAsync();
        return Standing.Leads;
    }

    /// <summary>The leading coordinator leads no more: it has ended the run, for all, or leaves it to them.</summary>
    /// <param name="ending">What the others say of it; null: it has not ended, another one of them leads it.</param>
    public async Task ResignAsync(string silo, string? ending)
    {
        _addresses.Remove(silo);
        if (stored.State.Leader != silo) return;
        (stored.State.Leader, stored.State.Ending) = ("", ending);
        await stored.WriteVersionAsync();
    }
}
