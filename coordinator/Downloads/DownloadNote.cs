using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Downloads;

/// <summary>What a file is a part of that is not complete yet: kept beside it, so that a later process goes on only with the same content.</summary>
/// <param name="Address">Where it is published.</param>
/// <param name="Tag">The server's strong tag of that content (RFC 9110, 8.8.3); null when it gives none.</param>
/// <param name="Size">Bytes in all; null when the server does not say.</param>
/// <param name="Sha256">Lower-case hex hash of the content; null when the server does not say.</param>
internal sealed record DownloadNote(string Address, string? Tag, long? Size, string? Sha256)
{
    /// <summary>Whether a part can be gone on with: a tag tells whether the content is still the same, a hash whether both parts fit.</summary>
    [JsonIgnore]
    public bool CanResume => Size is not null && Sha256 is not null && EntityTagHeaderValue.TryParse(Tag, out _);

    public static DownloadNote Of(Uri address, HubAnswer answer)
    {
        var headers = answer.Response.Content.Headers;
        // Of a part, Content-Length is the length of that part.
        long? size = headers.ContentRange is { } range ? range.Length : headers.ContentLength;
        return new DownloadNote(address.ToString(), answer.Response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : null, answer.Size ?? size, answer.Sha256);
    }

    /// <returns>Null when there is none, or it cannot be read.</returns>
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

    public override string ToString() => $"tag {Tag ?? "unknown"}, {Size?.ToString("N0") ?? "unknown"} bytes, SHA-256 {Sha256 ?? "unknown"}";
}
