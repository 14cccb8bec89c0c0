using System.Buffers;
using System.Security.Cryptography;
using MiniMind.Protos;

namespace MiniMind.Worker.Artifacts;

/// <summary>The SHA-256 by which artifacts are named: 64 lower-case hexadecimal digits.</summary>
internal static class ContentHash
{
    private const int Digits = 64;
    private const int BufferBytes = 1 << 20;

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    /// <summary>Hashes a file's whole content.</summary>
    public static async Task<string> OfFileAsync(string path, CancellationToken cancellation)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, FileOptions.SequentialScan);
        await using (file.ConfigureAwait(false)) return await OfStreamAsync(file, cancellation).ConfigureAwait(false);
    }

    /// <summary>Hashes the rest of a stream.</summary>
    public static async Task<string> OfStreamAsync(Stream stream, CancellationToken cancellation) =>
        Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false));

    /// <summary>Whether a text has the form of a hash.</summary>
    public static bool IsHash(string text) => text.Length == Digits && !text.AsSpan().ContainsAnyExcept(Hexadecimal);

    /// <summary>Refuses references that cannot be names of files in a cache.</summary>
    public static void Check(ArtifactRef reference)
    {
        var hash = reference.Sha256;
        if (!IsHash(hash))
            throw new ArtifactException($"Artifact {reference.Name}: expected a SHA-256 of {Digits} lower-case hexadecimal digits, found \"{hash}\".");
        if (reference.Size < 0) throw new ArtifactException($"Artifact {reference.Name}: expected a size of at least 0 bytes, found {reference.Size}.");
    }
}
