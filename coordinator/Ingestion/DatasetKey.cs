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
    private const string FormatVersion = "dataset/4";

    /// <summary>Reads all files once. Lower-case hex SHA-256.</summary>
    public static async Task<string> ComputeAsync(
        DatasetRequest request, IDocumentEncoder encoder, string packing, Action<long> bytesRead, CancellationToken ct)
    {
        var parts = new StringBuilder();
        parts.AppendLine(FormatVersion).AppendLine(request.Tokenizer.Sha256).AppendLine(encoder.Settings).AppendLine(packing);
        parts.AppendLine(CultureInfo.InvariantCulture, $"chunk={request.ChunkBytes} bad={request.BadLines} held={request.ValidationFraction:R}");
        foreach (var (path, weight) in request.Sources)
            parts.AppendLine(CultureInfo.InvariantCulture, $"train {weight:R} {FormatOf(path)}{await HashAsync(path, bytesRead, ct)}");
        foreach (string path in request.ValidationFiles) parts.AppendLine(CultureInfo.InvariantCulture, $"valid {FormatOf(path)}{await HashAsync(path, bytesRead, ct)}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts.ToString())));
    }

    // Of a name it matters only whether it says that the lines are texts.
    private static string FormatOf(string path) => DataFile.IsPlainText(path) ? "text " : "";

    private static async Task<string> HashAsync(string path, Action<long> bytesRead, CancellationToken ct)
    {
        await using var file = DataFile.OpenRaw(path);
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
