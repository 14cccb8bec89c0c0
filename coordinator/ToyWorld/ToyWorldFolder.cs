using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using MiniMind.Text;

namespace MiniMind.Coordinator.ToyWorld;

/// <summary>
/// A folder of finished files with a manifest, world.json, written last. It is built beside its place and renamed into it, so that
/// nobody ever sees half of it.
/// </summary>
internal sealed class ToyWorldFolder(string folder)
{
    public const string ManifestName = "world.json";
    private const string Format = "minimind-toy-world/1";

    public string FullPath { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>Whether all files of the world with this seed and these options are here; their content is not looked at.</summary>
    public bool Holds(ulong seed, ToyWorldOptions options) =>
        Parameters() == (seed, options) && OwnFiles().All(name => File.Exists(Path.Combine(FullPath, name)));

    /// <exception cref="InputException">Files that are no toy world's are here, or another world; the message about the latter ends with the remedy.</exception>
    public void RefuseAnotherWorld(ulong seed, ToyWorldOptions options, string remedy)
    {
        RefuseForeignFiles();
        if (Parameters() is not { } found || found == (seed, options)) return;
        var difference = found.Seed == seed ? "one with other options" : $"that of seed {found.Seed}";
        throw new InputException($"{Path.Combine(FullPath, ManifestName)}: expected no toy world, or that of seed {seed}; found {difference}. {remedy}");
    }

    /// <summary>Writes all files and the manifest, then puts them in the place of what was there.</summary>
    public IReadOnlyList<ToyWorldFile> Replace(ulong seed, ToyWorldOptions options, SortedDictionary<string, byte[]> contents)
    {
        RefuseForeignFiles();
        var building = $"{FullPath}.building-{Environment.ProcessId}";
        var former = $"{FullPath}.former-{Environment.ProcessId}";
        Directory.CreateDirectory(building);
        try
        {
            var files = contents.Select(file => WriteFile(building, file.Key, file.Value)).ToList();
            WriteDurably(Path.Combine(building, ManifestName), Manifest(seed, options, files));
            PutInPlace(building, former);
            return files;
        }
        finally
        {
            DeleteIfThere(building);
            DeleteIfThere(former);
        }
    }

    private void PutInPlace(string building, string former)
    {
        if (!Directory.Exists(FullPath))
        {
            Directory.Move(building, FullPath);
            return;
        }
        Directory.Move(FullPath, former);
        try
        {
            Directory.Move(building, FullPath);
        }
        catch (IOException)
        {
            Directory.Move(former, FullPath);
            throw;
        }
    }

    private void RefuseForeignFiles()
    {
        if (File.Exists(FullPath))
        {
            throw new InputException($"{FullPath}: expected a folder for the toy world, found a file. Name another folder.");
        }
        if (!Directory.Exists(FullPath))
        {
            return;
        }
        var found = Directory.EnumerateFileSystemEntries(FullPath).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal).ToList();
        if (found.Count == 0)
        {
            return;
        }
        var own = OwnFiles();
        if (found.Find(name => !own.Contains(name)) is { } foreign)
        {
            throw new InputException($"{FullPath}: expected no folder, an empty one, or a toy world to replace; found '{foreign}', which no {ManifestName} there lists. Name another folder.");
        }
    }

    /// <summary>The names that the manifest in place lists, and its own; none when there is no manifest of ours.</summary>
    private HashSet<string> OwnFiles() =>
        ReadManifest<HashSet<string>>(manifest => [ManifestName, .. manifest.GetProperty("files").EnumerateObject().Select(file => file.Name)]) ?? [];

    /// <summary>What decided the world in place; null when there is none.</summary>
    private (ulong Seed, ToyWorldOptions Options)? Parameters() =>
        ReadManifest<(ulong, ToyWorldOptions)?>(manifest => (manifest.GetProperty("seed").GetUInt64(), manifest.GetProperty("options").Deserialize<ToyWorldOptions>()!));

    /// <summary>Something from the manifest in place; the default when there is no manifest of ours.</summary>
    private T? ReadManifest<T>(Func<JsonElement, T> read)
    {
        try
        {
            using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(FullPath, ManifestName)));
            return manifest.RootElement.GetProperty("format").GetString() == Format ? read(manifest.RootElement) : default;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return default;
        }
    }

    private static ToyWorldFile WriteFile(string building, string name, byte[] content)
    {
        WriteDurably(Path.Combine(building, name), content);
        return new ToyWorldFile(name, content.AsSpan().Count((byte)'\n'), content.LongLength, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    private static void WriteDurably(string path, ReadOnlySpan<byte> content)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
        stream.Write(content);
        stream.Flush(flushToDisk: true);
    }

    private static byte[] Manifest(ulong seed, ToyWorldOptions options, IReadOnlyList<ToyWorldFile> files)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteNumber("seed", seed);
            json.WritePropertyName("options");
            JsonSerializer.Serialize(json, options);
            json.WriteStartObject("files");
            foreach (var file in files)
            {
                json.WriteStartObject(file.Name);
                json.WriteNumber("lines", file.Lines);
                json.WriteNumber("bytes", file.Bytes);
                json.WriteString("sha256", file.Sha256);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        bytes.Write("\n"u8);
        return bytes.WrittenSpan.ToArray();
    }

    private static void DeleteIfThere(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
