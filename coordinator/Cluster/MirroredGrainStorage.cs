using MiniMind.Coordinator.Storage;
using Orleans.Storage;
using Polly;

namespace MiniMind.Coordinator.Cluster;

/// <summary>
/// Grain state in a storage that several coordinators share, which alone decides who may write; and a copy of it in the run's folder, for audits, for a
/// run that is gone on with by one coordinator, and should the shared storage have lost what it knew: the newer one of both is read.
/// </summary>
/// <param name="shared">Decides, by its ETags.</param>
/// <param name="copy">Files below the run's folder.</param>
/// <param name="patience">Waits out an outage of the shared storage. What was written although the answer was lost is refused the second time, as by another activation.</param>
public sealed class MirroredGrainStorage(IGrainStorage shared, FileGrainStorage copy, ResiliencePipeline patience) : IGrainStorage
{
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await patience.ExecuteAsync(async _ => await shared.ReadStateAsync(stateName, grainId, grainState));
        var kept = new GrainState<T>();
        await copy.ReadStateAsync(stateName, grainId, kept);
        if (kept.RecordExists && (!grainState.RecordExists || VersionOf(kept) > VersionOf(grainState))) grainState.State = kept.State;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await patience.ExecuteAsync(async _ => await shared.WriteStateAsync(stateName, grainId, grainState));
        var kept = new GrainState<T>();
        await copy.ReadStateAsync(stateName, grainId, kept);
        // A coordinator that stood still since it wrote to the shared storage comes late.
        if (VersionOf(kept) > VersionOf(grainState)) return;
        kept.State = grainState.State;
        await copy.WriteStateAsync(stateName, grainId, kept);
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await patience.ExecuteAsync(async _ => await shared.ClearStateAsync(stateName, grainId, grainState));
        var kept = new GrainState<T>();
        await copy.ReadStateAsync(stateName, grainId, kept);
        await copy.ClearStateAsync(stateName, grainId, kept);
    }

    private static long VersionOf<T>(IGrainState<T> state) => state.RecordExists && state.State is IVersionedState versioned ? versioned.Version : 0;
}
