using System.Globalization;

namespace MiniMind.TestKit;

/// <summary>A Redis of its own, with everything on the disk before it answers.</summary>
/// <param name="within">What starts it where it is to run: a command before its own; empty: here.</param>
/// <param name="host">Address that it listens on.</param>
/// <param name="port">A free port of it.</param>
public sealed class RedisServer(IReadOnlyList<string> within, string host, int port) : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("minimind-redis-").FullName;
    private RunningProgram? _process;

    /// <summary>On loopback.</summary>
    public RedisServer()
        : this([], "127.0.0.1", Loopback.FreePort())
    {
    }

    /// <summary>HOST:PORT.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");

    /// <summary>Starts it, again with what it knew.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no redis-server.</exception>
    public async Task StartAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _process = RunningProgram.Start(
            _folder,
            [
                .. within, "redis-server", "--bind", host, "--port", port.ToString(CultureInfo.InvariantCulture), "--dir", _folder, "--save", "",
                "--appendonly", "yes", "--appendfsync", "always", "--protected-mode", "no",
            ]);
        await _process.SeeAsync("Ready to accept connections");
    }

    /// <summary>Ends it as a machine that loses power does.</summary>
    public Task KillAsync() => _process!.KillAllAsync();

    /// <summary>Kills it and deletes what it knew.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
