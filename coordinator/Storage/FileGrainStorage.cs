using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Storage;

namespace MiniMind.Coordinator.Storage;

/// <summary>
/// Keeps every grain's state in one JSON file below a folder: the embedded storage of a single coordinator. A write is atomic and on the
/// disk when it returns. It succeeds only when the caller's ETag is the file's: of two activations, one is told that it is stale.
/// The check holds inside one process; several coordinators need Redis.
/// </summary>
public sealed class FileGrainStorage(string root) : IGrainStorage, IDisposable
{
    private const int LongestKey = 120;

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, IncludeFields = true };

    // Checking the ETag and replacing the file are two operations; a lock makes them one.
    private readonly SemaphoreSlim _gate = new(1, 1);

    private sealed record Stored<T>(string Grain, string ETag, T State);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = await LoadAsync<T>(PathOf(stateName, grainId));
        grainState.State = stored is null ? Activator.CreateInstance<T>() : stored.State;
        grainState.ETag = stored?.ETag;
        grainState.RecordExists = stored is not null;
    }

    /// <exception cref="InconsistentStateException">Somebody else has written since this activation read; nothing is changed.</exception>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        string path = PathOf(stateName, grainId);
        using (await EnterAsync())
        {
            await RequireETagAsync<T>(path, grainId, grainState.ETag);
            var next = new Stored<T>(grainId.ToString(), Guid.NewGuid().ToString("N"), grainState.State!);
            await AtomicFile.WriteAsync(path, stream => JsonSerializer.SerializeAsync(stream, next, Format));
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
            if (File.Exists(path)) File.Delete(path);
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

    private static async Task RequireETagAsync<T>(string path, GrainId grainId, string? expected)
    {
        string? found = (await LoadAsync<T>(path))?.ETag;
        if (found != expected)
            throw new InconsistentStateException($"the state of {grainId} was written by another activation", found ?? "none", expected ?? "none");
    }

    private static async Task<Stored<T>?> LoadAsync<T>(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            await using var stream = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync<Stored<T>>(stream, Format) ?? throw new JsonException("the file holds no state");
        }
        catch (JsonException fault)
        {
            long size = new FileInfo(path).Length;
            throw new InvalidDataException(
                $"{path}: expected the JSON state of a grain, found {size} bytes that end or break at line {(fault.LineNumber ?? 0) + 1}: "
                + "the file is damaged; put back a copy of it, or remove it to start this run's state anew", fault);
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
