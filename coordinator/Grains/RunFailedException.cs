namespace MiniMind.Coordinator.Grains;

/// <summary>A run cannot go on, and nothing that the user wrote is wrong. The message is for the user as it stands.</summary>
public sealed class RunFailedException(string message) : Exception(message);
