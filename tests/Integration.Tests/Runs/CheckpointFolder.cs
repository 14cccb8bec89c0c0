using System.Security.Cryptography;
using System.Text.Json;

namespace MiniMind.Integration.Tests.Runs;

/// <summary>A checkpoint as another program would read it.</summary>
internal static class CheckpointFolder
{
    private static readonly string[] Files =
    [
        "config.json", "generation_config.json", "manifest.json", "model.safetensors", "optimizer.safetensors", "special_tokens_map.json",
        "tokenizer.json", "tokenizer_config.json", "trainer.json",
    ];

    /// <summary>Asserts that a folder holds exactly a checkpoint's files, and that they are those which its manifest names.</summary>
    public static void AssertComplete(string folder)
    {
        Assert.Equal(Files, Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "manifest.json")));
        var listed = manifest.RootElement.GetProperty("files").EnumerateObject().ToList();
        Assert.Equal(Files.Except(["manifest.json"]), listed.Select(file => file.Name).Order(StringComparer.Ordinal));
        foreach (var file in listed)
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, file.Name));
            Assert.Equal(file.Value.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
            Assert.Equal(file.Value.GetProperty("size").GetInt64(), bytes.LongLength);
        }
    }
}
