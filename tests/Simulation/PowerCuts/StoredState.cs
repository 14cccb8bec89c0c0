using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using Orleans.Runtime;

namespace MiniMind.Simulation.PowerCuts;

/// <summary>A run's state in the production storage, as a grain is given it, without a silo.</summary>
internal sealed class StoredState(FileGrainStorage storage) : IPersistentState<RunRecord>
{
    private const string Name = "run";

    private static readonly GrainId Grain = GrainId.Create("run", "simulation");

    private readonly Orleans.GrainState<RunRecord> _state = new();

    public RunRecord State
    {
        get => _state.State!;
        set => _state.State = value;
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _state.RecordExists;

    public Task ReadStateAsync() => storage.ReadStateAsync(Name, Grain, _state);

    public Task WriteStateAsync() => storage.WriteStateAsync(Name, Grain, _state);

    public Task ClearStateAsync() => storage.ClearStateAsync(Name, Grain, _state);
}
