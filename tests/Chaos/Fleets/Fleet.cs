using System.Net;
using System.Net.Sockets;
using MiniMind.Chaos.Network;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Fleets;

/// <summary>
/// A coordinator and workers as processes of their own, each behind a proxy: whatever one of them says to another passes the wires.
/// </summary>
public sealed class Fleet : IAsyncDisposable
{
    /// <summary>Name of the coordinator on the wires.</summary>
    public const string Coordinator = "coordinator";

    private readonly TinyProject _project;
    private readonly string _out;
    private readonly string[] _options;
    private readonly TimeProvider _time;
    private readonly Proxy _door;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Post> _posts = [];
    private readonly List<Task> _watches = [];
    private RunningProgram? _coordinator;
    private int _starts;

    /// <param name="project">What is trained.</param>
    /// <param name="outFolder">The run's folder, below the project's.</param>
    /// <param name="options">Of "minimind run", beyond the folder and the number of workers.</param>
    /// <param name="wires">Between all of them.</param>
    /// <param name="time">For delays.</param>
    public Fleet(TinyProject project, string outFolder, string[] options, Wires wires, TimeProvider time)
    {
        (_project, _out, _options, Wires, _time) = (project, outFolder, options, wires, time);
        _door = NewProxy(Coordinator, CoordinatorEndpoint);
        Directory.CreateDirectory(LogFolder);
    }

    /// <summary>A process has ended that nobody has ended: its name, and what it left. Raised on a pool thread.</summary>
    public event Action<string, Ended>? Ended;

    /// <summary>Between all of them.</summary>
    public Wires Wires { get; }

    /// <summary>Names of the workers whose processes run and are not held, in order.</summary>
    public IReadOnlyList<string> Running
    {
        get
        {
            lock (_gate) return [.. _posts.Where(post => post.Value is { Program: not null, Held: false, Leaving: false }).Select(post => post.Key).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>What each process wrote, one file per process.</summary>
    public string LogFolder => _project.PathOf("logs-" + _out);

    /// <summary>Starts "minimind run … --workers 0", with --resume when the run is there already.</summary>
    public void StartCoordinator()
    {
        string[] resume = Directory.Exists(_project.PathOf(_out, "state")) ? ["--resume"] : [];
        lock (_gate)
        {
            _coordinator = _project.StartRun(_out, ["--workers", "0", .. _options, .. resume]);
            _watches.Add(WatchAsync(Coordinator, _coordinator));
        }
    }

    /// <summary>Sends SIGKILL to the coordinator.</summary>
    public void KillCoordinator()
    {
        lock (_gate)
        {
            if (_coordinator is null) return;
            TrySend(_coordinator, Signal.Kill);
            _coordinator = null;
        }
    }

    /// <summary>Starts a worker, unless one of its name runs.</summary>
    public void StartWorker(string name)
    {
        lock (_gate)
        {
            if (!_posts.TryGetValue(name, out var post)) _posts[name] = post = new Post();
            if (post.Program is not null) return;
            post.Port = FreePort();
            post.Proxy ??= NewProxy(name, () => new IPEndPoint(IPAddress.Loopback, post.Port));
            (post.Held, post.Leaving) = (false, false);
            post.Program = Programs.StartWorker(
                _project.Folder, "--coordinator", $"http://127.0.0.1:{_door.Port}", "--run", "tiny", "--name", name, "--cache", Path.Combine("caches-" + _out, name),
                "--port", $"{post.Port}", "--advertise", $"127.0.0.1:{post.Proxy.Port}");
            _watches.Add(WatchAsync(name, post.Program));
        }
    }

    /// <summary>Sends SIGKILL to a worker.</summary>
    public void KillWorker(string name) => Send(name, Signal.Kill, post => post.Program = null);

    /// <summary>Sends SIGSTOP to a worker.</summary>
    public void HoldWorker(string name) => Send(name, Signal.Stop, post => post.Held = true);

    /// <summary>Sends SIGCONT to a worker.</summary>
    public void ContinueWorker(string name) => Send(name, Signal.Continue, post => post.Held = false);

    /// <summary>Sends SIGTERM to a worker.</summary>
    public void EndWorker(string name) => Send(name, Signal.Terminate, post => post.Leaving = true);

    /// <summary>Waits until all workers have ended by themselves, for a bounded time.</summary>
    /// <returns>Names of those who have not.</returns>
    public async Task<IReadOnlyList<string>> DismissedAsync(TimeSpan patience)
    {
        List<Task> watches;
        lock (_gate) watches = [.. _watches];
        try
        {
            await Task.WhenAll(watches).WaitAsync(patience, _time);
        }
        catch (TimeoutException)
        {
            // Those are named.
        }
        lock (_gate) return [.. _posts.Where(post => post.Value.Program is not null).Select(post => post.Key).Order(StringComparer.Ordinal)];
    }

    /// <summary>Kills what still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        Ended = null;
        List<RunningProgram> running;
        lock (_gate)
        {
            running = [.. _posts.Values.Select(post => post.Program).Append(_coordinator).OfType<RunningProgram>()];
            foreach (var post in _posts.Values) post.Program = null;
            _coordinator = null;
        }
        foreach (var program in running) program.TryKill();
        await Task.WhenAll(_watches);
        foreach (var proxy in _posts.Values.Select(post => post.Proxy).OfType<Proxy>().Append(_door)) await proxy.DisposeAsync();
    }

    private void Send(string name, Signal signal, Action<Post> then)
    {
        lock (_gate)
        {
            if (!_posts.TryGetValue(name, out var post) || post.Program is null) return;
            TrySend(post.Program, signal);
            then(post);
        }
    }

    private static void TrySend(RunningProgram program, Signal signal)
    {
        try
        {
            program.Signal(signal);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // It has just ended; whoever watches it will tell.
        }
    }

    private async Task WatchAsync(string name, RunningProgram program)
    {
        var log = Path.Combine(LogFolder, $"{Interlocked.Increment(ref _starts):000}-{name}.log");
        var ended = await program.EndAsync(Timeout.InfiniteTimeSpan);
        await program.DisposeAsync();
        await File.WriteAllTextAsync(log, ended.ToString());
        bool own;
        lock (_gate)
        {
            own = name == Coordinator ? _coordinator == program : _posts[name].Program == program;
            if (own && name == Coordinator) _coordinator = null;
            else if (own) _posts[name].Program = null;
            own &= name == Coordinator || !_posts[name].Leaving || ended.ExitCode != 0;
        }
        if (own) Ended?.Invoke(name, ended);
    }

    private Proxy NewProxy(string name, Func<IPEndPoint?> target)
    {
        Proxy? proxy = null;
        return proxy = new Proxy(name, Wires, target, port => NameOf(port, proxy!.Port), _time);
    }

    private string? NameOf(int localPort, int remotePort)
    {
        Dictionary<int, string> names;
        lock (_gate) names = _posts.Where(post => post.Value.Program is not null).ToDictionary(post => post.Value.Program!.Id, post => post.Key);
        return ConnectionOwner.Find(localPort, remotePort, names.Keys) is { } id ? names[id] : null;
    }

    private IPEndPoint? CoordinatorEndpoint()
    {
        var file = _project.PathOf(_out, ".coordinator");
        return File.Exists(file) && Uri.TryCreate(File.ReadAllText(file), UriKind.Absolute, out var address) ? new IPEndPoint(IPAddress.Loopback, address.Port) : null;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A name that a worker has, whoever fills it.</summary>
    private sealed class Post
    {
        public Proxy? Proxy { get; set; }

        public int Port { get; set; }

        public RunningProgram? Program { get; set; }

        public bool Held { get; set; }

        public bool Leaving { get; set; }
    }
}
