namespace MiniMind.Coordinator.Storage;

/// <summary>Grain state of which the newer one of two copies can be told.</summary>
public interface IVersionedState
{
    /// <summary>How often it was written.</summary>
    long Version { get; set; }
}

/// <summary>Writes such a state.</summary>
public static class VersionedStateExtensions
{
    /// <summary>Writes the state as the next version.</summary>
    public static Task WriteVersionAsync<T>(this IPersistentState<T> stored) where T : IVersionedState
    {
        stored.State.Version++;
        return stored.WriteStateAsync();
    }
}
