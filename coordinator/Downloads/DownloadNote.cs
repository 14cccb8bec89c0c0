using System.Text.Json;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Downloads;

/// <summary>What a file is a part of that is not complete yet: kept beside it, so that a later process goes on only with the same content.</summary>
/// <param name="Address">Where it is published.</param>
/// <param name="Tag">The server's tag of that content; null when it gives none.</param>
/// <param name="Size">Bytes in all; null when the server does not say.</param>
/// <param name="Sha256">Lower-case hex hash of the content; null when the server does not say.</param>
internal sealed record DownloadNote(string Address, string? Tag, long? Size, string? Sha256)
{
    public static DownloadNote? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<DownloadNote>(File.ReadAllBytes(path)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public Task SaveAsync(string path) => AtomicFile.WriteAsync(path, stream => JsonSerializer.SerializeAsync(stream, this));
}
