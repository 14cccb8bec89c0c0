using System.Security.Cryptography;
using System.Text.Json;
using MiniMind.Text;
using MiniMind.Transformer.Formats;

namespace MiniMind.Worker.Chat;

/// <summary>A checkpoint's manifest: the SHA-256 of each of its files. Folders that other programs wrote have none.</summary>
internal static class CheckpointManifest
{
    private const string FileName = "manifest.json";

    /// <summary>Compares the files of a folder with its manifest, where there is one. The optimizer's is left out: nothing here reads it.</summary>
    /// <exception cref="InputException">A file is missing or is not the one that was written; the message names it.</exception>
    public static void Verify(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return;
        foreach (var (name, expected) in Read(path))
        {
            if (name == OptimizerFile.FileName) continue;
            var file = Path.Combine(folder, Path.GetFileName(name));
            if (!File.Exists(file)) throw new InputException($"{file}: expected a file of this checkpoint, found none; use another checkpoint");
            using var content = File.OpenRead(file);
            var found = Convert.ToHexStringLower(SHA256.HashData(content));
            if (found != expected)
                throw new InputException(
                    $"{file}: expected SHA-256 {expected} as {FileName} says, found {found}: the file was changed or damaged; use another checkpoint, or delete {FileName} if the change was meant");
        }
    }

    private static Dictionary<string, string> Read(string path)
    {
        try
        {
            using var manifest = JsonDocument.Parse(File.ReadAllBytes(path));
            return manifest.RootElement.GetProperty("files").EnumerateObject()
                .ToDictionary(file => file.Name, file => file.Value.GetProperty("sha256").GetString()!);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InputException($"{path}: expected a checkpoint's manifest, found {fault.Message}", fault);
        }
    }
}
