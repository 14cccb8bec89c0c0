namespace MiniMind.Coordinator.Downloads;

/// <summary>A try that brought nothing, but another one may.</summary>
internal sealed class NoProgressException(string message) : Exception(message)
{
    /// <summary>How long the server asks to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The host does not exist, or refuses at once: that seldom changes within a minute.</summary>
    public bool IsUnreachable { get; init; }
}
