using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Storage;

namespace MiniMind.Coordinator.Storage;

/// <summary>
/// Keeps every grain's state in one JSON file below a folder: the embedded storage of a single coordinator. A write is atomic and on the
/// disk when it returns. It succeeds only when the caller's ETag is the file's: of two activations, one is told that it is stale.
/// The check holds inside one process; several coordinators need Redis. The ETag holds a hash of the state: a file that was changed by anything else is
/// refused.
/// </summary>
public sealed class FileGrainStorage(string root, IDisk? disk = null) : IGrainStorage, IDisposable
{
    private const int LongestKey = 120;

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, IncludeFields = true };

    private readonly IDisk _disk = disk ?? SystemDisk.Instance;

    // Checking the ETag and replacing the file are two operations; a lock makes them one.
    private readonly SemaphoreSlim _gate = new(1, 1);

    private sealed record Stored<T>(string Grain, string ETag, T State)
    {
        /// <summary>What comes after another one: a count, so that no ETag comes twice, and a hash of the content.</summary>
        public static Stored<T> After(string? previous, string grain, T state)
        {
            var version = previous is null ? 1 : VersionOf(previous) + 1;
            return new Stored<T>(grain, ETagOf(version, grain, state), state);
        }

        public bool IsWhole => VersionOf(ETag) is var version && ETag == ETagOf(version, Grain, State);

        private static long VersionOf(string tag) => long.TryParse(tag.Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

        private static string ETagOf(long version, string grain, T state)
        {
            var content = JsonSerializer.SerializeToUtf8Bytes(new { version, grain, state }, Format);
            return string.Create(CultureInfo.InvariantCulture, $"{version}-{Convert.ToHexStringLower(SHA256.HashData(content))}");
        }
    }

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        string path = PathOf(stateName, grainId);
        using (await EnterAsync())
        {
            // A process that was killed may have left half of a write, or a whole one whose name is not on the disk; from now on somebody relies on it.
            _disk.RemoveTemporaries(Path.GetDirectoryName(path)!, Path.GetFileName(path));
            if (_disk.FileExists(path)) _disk.FlushFolder(Path.GetDirectoryName(path)!);
            var stored = await LoadAsync<T>(_disk, path);
            grainState.State = stored is null ? Activator.CreateInstance<T>() : stored.State;
            grainState.ETag = stored?.ETag;
            grainState.RecordExists = stored is not null;
        }
    }

    /// <exception cref="InconsistentStateException">Somebody else has written since this activation read; nothing is changed.</exception>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        string path = PathOf(stateName, grainId);
        using (await EnterAsync())
        {
            await RequireETagAsync<T>(path, grainId, grainState.ETag);
            var next = Stored<T>.After(grainState.ETag, grainId.ToString(), grainState.State!);
            await AtomicFile.WriteAsync(path, stream => JsonSerializer.SerializeAsync(stream, next, Format), _disk);
            grainState.ETag = next.ETag;
            grainState.RecordExists = true;
        }
    }

    /// <exception cref="InconsistentStateException">Somebody else has written since this activation read; nothing is changed.</exception>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        string path = PathOf(stateName, grainId);
        using (await EnterAsync())
        {
            await RequireETagAsync<T>(path, grainId, grainState.ETag);
            if (_disk.FileExists(path))
            {
                _disk.Delete(path);
                _disk.FlushFolder(Path.GetDirectoryName(path)!);
            }
            grainState.State = Activator.CreateInstance<T>();
            grainState.ETag = null;
            grainState.RecordExists = false;
        }
    }

    /// <summary>Where a grain's state lies, for messages and tests.</summary>
    public string PathOf(string stateName, GrainId grainId)
    {
        string key = Uri.EscapeDataString(grainId.ToString());
        if (key.Length > LongestKey) key = key[..LongestKey] + "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 8));
        return Path.Combine(root, Uri.EscapeDataString(stateName), key + ".json");
    }

    public void Dispose() => _gate.Dispose();

    private async Task RequireETagAsync<T>(string path, GrainId grainId, string? expected)
    {
        string? found = (await LoadAsync<T>(_disk, path))?.ETag;
        if (found != expected)
            throw new InconsistentStateException($"the state of {grainId} was written by another activation", found ?? "none", expected ?? "none");
    }

    /// <summary>Reads the file of a grain's state as it is, with nobody at work on it.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, by so much as a blank.</exception>
    public static async Task<T> ReadFileAsync<T>(string path)
    {
        var stored = await LoadAsync<T>(SystemDisk.Instance, path) ?? throw new InvalidDataException($"{path}: expected the JSON state of a grain, found no file");
        if (!(await File.ReadAllBytesAsync(path)).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(stored, Format)))
            throw new InvalidDataException($"{path}: the file is not as it was written: its state reads the same, its bytes do not");
        return stored.State;
    }

    private static async Task<Stored<T>?> LoadAsync<T>(IDisk disk, string path)
    {
        if (!disk.FileExists(path)) return null;
        const string Remedy = "the file is damaged; put back a copy of it, or remove it to start this run's state anew";
        try
        {
            await using var stream = disk.OpenRead(path);
            var stored = await JsonSerializer.DeserializeAsync<Stored<T>>(stream, Format);
            if (stored is not { Grain: not null, ETag: not null, State: not null }) throw new JsonException("the file holds no state");
            if (Guid.TryParse(stored.ETag, out _))
                throw new InvalidDataException($"{path}: the state was written by an older version of this program, without a hash: finish the run with that version, or start anew with --out DIR");
            return stored.IsWhole ? stored : throw new InvalidDataException($"{path}: the state's content does not match its hash: {Remedy}");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException(
                $"{path}: expected the JSON state of a grain, found {disk.SizeOf(path)} bytes that end or break at line {(fault.LineNumber ?? 0) + 1}: {Remedy}", fault);
        }
    }

    private async Task<IDisposable> EnterAsync()
    {
        await _gate.WaitAsync();
        return new Held(_gate);
    }

    private sealed class Held(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
