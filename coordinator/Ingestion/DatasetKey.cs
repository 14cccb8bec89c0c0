using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// The name of encoded data: a hash of everything that decides its bytes, and of nothing else (file names and threads do not).
/// </summary>
internal static class DatasetKey
{
    private const string FormatVersion = "dataset/1";

    /// <summary>Reads all files once. Lower-case hex SHA-256.</summary>
    public static async Task<string> ComputeAsync(
        DatasetRequest request, IDocumentEncoder encoder, string packing, Action<long> bytesRead, CancellationToken ct)
    {
        var parts = new StringBuilder();
        parts.AppendLine(FormatVersion).AppendLine(request.Tokenizer.Sha256).AppendLine(encoder.Settings).AppendLine(packing);
        parts.AppendLine(CultureInfo.InvariantCulture, $"shard={request.SequencesPerShard} bad={request.BadLines} held={request.ValidationFraction:R}");
        foreach (string file in request.Files) parts.Append("train ").AppendLine(await HashAsync(file, bytesRead, ct));
        foreach (string file in request.ValidationFiles) parts.Append("valid ").AppendLine(await HashAsync(file, bytesRead, ct));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts.ToString())));
    }

    private static async Task<string> HashAsync(string path, Action<long> bytesRead, CancellationToken ct)
    {
        await using var file = JsonLines.Open(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[1 << 20];
        int count;
        while ((count = await file.ReadAsync(block, ct)) > 0)
        {
            hash.AppendData(block, 0, count);
            bytesRead(count);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
