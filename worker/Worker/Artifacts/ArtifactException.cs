namespace MiniMind.Worker.Artifacts;

/// <summary>
/// An artifact cannot be had or stored: the store lacks it, its content is wrong, or the store stays out of reach. The message
/// names the artifact, and what was expected and found.
/// </summary>
public sealed class ArtifactException : Exception
{
    public ArtifactException(string message) : base(message) { }

    public ArtifactException(string message, Exception cause) : base(message, cause) { }
}
