using System.Globalization;
using MiniMind.Chaos.Network;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Fleets;

/// <summary>What the processes of a run are started with.</summary>
/// <param name="Project">What is trained.</param>
/// <param name="OutFolder">The run's folder, below the project's.</param>
/// <param name="RunOptions">Of "minimind run", beyond the folder and what the fleet gives.</param>
/// <param name="Redis">HOST:PORT of a Redis through which two coordinators share the run; null: there is one coordinator.</param>
public sealed record FleetOptions(TinyProject Project, string OutFolder, IReadOnlyList<string> RunOptions, string? Redis = null);

/// <summary>Coordinators and workers as processes of their own, each at its place.</summary>
public sealed class Fleet : IAsyncDisposable
{
    // What a coordinator says when it begins to lead.
    private static readonly string[] Leads = ["this coordinator leads ", "this one leads from now on"];

    private readonly FleetOptions _options;
    private readonly IPlaces _places;
    private readonly Roster _roster;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Post> _posts = [];
    private readonly List<Task> _watches = [];
    private int _starts;
    private bool _closed;

    /// <param name="options">What is started.</param>
    /// <param name="places">Where each of them is.</param>
    /// <param name="roster">Is told whose processes run.</param>
    /// <param name="time">For waits.</param>
    public Fleet(FleetOptions options, IPlaces places, Roster roster, TimeProvider time)
    {
        (_options, _places, _roster, _time) = (options, places, roster, time);
        Coordinators = options.Redis is null ? ["coordinator"] : ["coordinator-0", "coordinator-1"];
        Leader = Coordinators[0];
        Directory.CreateDirectory(LogFolder);
    }

    /// <summary>A process has ended that nobody has ended: its name, and what it left. Raised on a pool thread.</summary>
    public event Action<string, Ended>? Ended;

    /// <summary>Names of all coordinators.</summary>
    public IReadOnlyList<string> Coordinators { get; }

    /// <summary>The coordinator that was the last to say that it leads.</summary>
    public string Leader { get; private set; }

    /// <summary>Names of the workers whose processes run and are not held, in order.</summary>
    public IReadOnlyList<string> Running => Those((name, post) => !IsCoordinator(name) && post is { Program: not null, Held: false, Leaving: false });

    /// <summary>What each process wrote, one file per process.</summary>
    public string LogFolder => _options.Project.PathOf("logs-" + _options.OutFolder);

    /// <summary>Starts a coordinator or a worker, unless one of its name runs or nobody is started any more.</summary>
    public void Start(string name)
    {
        lock (_gate)
        {
            if (!_posts.TryGetValue(name, out var post)) _posts[name] = post = new Post();
            if (_closed || post.Program is not null) return;
            (post.Held, post.Leaving) = (false, false);
            var place = _places.Settle(name);
            IReadOnlyList<string> command = [.. place.Within, .. IsCoordinator(name) ? CoordinatorCommand(place) : WorkerCommand(name, place)];
            post.Program = RunningProgram.Start(_options.Project.Folder, command, line => Listen(name, line));
            _roster.Add(post.Program.Id, name);
            _watches.Add(WatchAsync(name, post.Program));
        }
    }

    /// <summary>From now on nobody is started.</summary>
    public void Close()
    {
        lock (_gate) _closed = true;
    }

    /// <summary>Sends SIGKILL to one that runs.</summary>
    public void Kill(string name) => Send(name, Signal.Kill, post => post.Program = null);

    /// <summary>Sends SIGSTOP to one that runs.</summary>
    public void Hold(string name) => Send(name, Signal.Stop, post => post.Held = true);

    /// <summary>Sends SIGCONT to one that runs.</summary>
    public void Continue(string name) => Send(name, Signal.Continue, post => post.Held = false);

    /// <summary>Sends SIGTERM to one that runs.</summary>
    public void End(string name) => Send(name, Signal.Terminate, post => post.Leaving = true);

    /// <summary>Waits until all have ended by themselves, for a bounded time.</summary>
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
        return Those((_, post) => post.Program is not null);
    }

    /// <summary>Kills what still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        Ended = null;
        List<RunningProgram> running;
        lock (_gate)
        {
            _closed = true;
            running = [.. _posts.Values.Select(post => post.Program).OfType<RunningProgram>()];
            foreach (var post in _posts.Values) post.Program = null;
        }
        foreach (var program in running) program.TryKill();
        await Task.WhenAll(_watches);
    }

    private bool IsCoordinator(string name) => Coordinators.Contains(name);

    private IReadOnlyList<string> CoordinatorCommand(Place place)
    {
        string[] resume = Directory.Exists(_options.Project.PathOf(_options.OutFolder, "state")) ? ["--resume"] : [];
        string[] shared = _options.Redis is { } redis ? ["--redis", redis] : [];
        var listen = string.Create(CultureInfo.InvariantCulture, $"{place.Host}:{place.Port}");
        return Programs.Command(TinyProject.RunArguments(
            _options.OutFolder, ["--workers", "0", "--listen", listen, "--advertise", place.Advertised, .. shared, .. _options.RunOptions, .. resume]));
    }

    private IReadOnlyList<string> WorkerCommand(string name, Place place) => Programs.WorkerCommand(
        "--coordinator", string.Join(',', Coordinators.Select(coordinator => $"http://{_places.AddressOf(coordinator)}")), "--run", "tiny", "--name", name,
        "--cache", Path.Combine("caches-" + _options.OutFolder, name), "--listen", place.Host, "--port", place.Port.ToString(CultureInfo.InvariantCulture),
        "--advertise", place.Advertised);

    private void Listen(string name, string line)
    {
        if (IsCoordinator(name) && Leads.Any(words => line.Contains(words, StringComparison.Ordinal))) Leader = name;
    }

    private string[] Those(Func<string, Post, bool> which)
    {
        lock (_gate) return [.. _posts.Where(post => which(post.Key, post.Value)).Select(post => post.Key).Order(StringComparer.Ordinal)];
    }

    private void Send(string name, Signal signal, Action<Post> then)
    {
        lock (_gate)
        {
            if (!_posts.TryGetValue(name, out var post) || post.Program is null) return;
            try
            {
                post.Program.Signal(signal);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // It has just ended; whoever watches it will tell.
            }
            then(post);
        }
    }

    private async Task WatchAsync(string name, RunningProgram program)
    {
        var log = Path.Combine(LogFolder, $"{Interlocked.Increment(ref _starts):000}-{name}.log");
        var ended = await program.EndAsync(Timeout.InfiniteTimeSpan);
        _roster.Remove(program.Id);
        await program.DisposeAsync();
        await File.WriteAllTextAsync(log, ended.ToString());
        bool own;
        lock (_gate)
        {
            var post = _posts[name];
            own = post.Program == program;
            if (own) post.Program = null;
            own &= !post.Leaving || ended.ExitCode != 0;
        }
        if (own) Ended?.Invoke(name, ended);
    }

    /// <summary>A name that a party has, whoever fills it.</summary>
    private sealed class Post
    {
        public RunningProgram? Program { get; set; }

        public bool Held { get; set; }

        public bool Leaving { get; set; }
    }
}
