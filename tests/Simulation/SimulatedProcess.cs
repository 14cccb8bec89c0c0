namespace MiniMind.Simulation;

/// <summary>One process: its continuations and timers run as events of the world, until it is killed.</summary>
internal sealed class SimulatedProcess
{
    private readonly VirtualWorld _world;
    private readonly List<Action> _held = [];

    public SimulatedProcess(VirtualWorld world, string name)
    {
        _world = world;
        Name = name;
        Context = new ProcessContext(this);
        Time = new ProcessTime(this);
    }

    public string Name { get; }

    public bool Alive { get; private set; } = true;

    public bool Frozen { get; private set; }

    /// <summary>Whether it has ever been frozen.</summary>
    public bool Disturbed { get; private set; }

    public SynchronizationContext Context { get; }

    public TimeProvider Time { get; }

    /// <summary>Called after every event of the process.</summary>
    public Action? Happened { get; set; }

    /// <summary>Called once when the process dies.</summary>
    public Action? Died { get; set; }

    /// <summary>Runs an action in this process, now or after a delay.</summary>
    public void Schedule(TimeSpan delay, Action action) => _world.Schedule(this, delay, action);

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        if (!Alive) return;
        Alive = false;
        _held.Clear();
        _world.Trace(Name, "killed");
        Died?.Invoke();
    }

    /// <summary>SIGSTOP.</summary>
    public void Freeze()
    {
        if (!Alive) return;
        Frozen = Disturbed = true;
        _world.Trace(Name, "frozen");
    }

    /// <summary>SIGCONT.</summary>
    public void Thaw()
    {
        if (!Frozen) return;
        Frozen = false;
        _world.Trace(Name, "thawed");
        foreach (var action in _held) _world.Schedule(this, TimeSpan.Zero, action);
        _held.Clear();
    }

    /// <summary>Whether an event of this process may happen now; a frozen process keeps it for later.</summary>
    public bool Admit(Action action)
    {
        if (Alive && Frozen) _held.Add(action);
        return Alive && !Frozen;
    }

    private sealed class ProcessContext(SimulatedProcess process) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => process.Schedule(TimeSpan.Zero, () => d(state));

        public override void Send(SendOrPostCallback d, object? state) => throw new InvalidOperationException("nothing may block in a simulation");

        public override SynchronizationContext CreateCopy() => this;
    }

    private sealed class ProcessTime(SimulatedProcess process) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => process._world.Now;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(process._world.Now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new ProcessTimer(process, callback, state);
            timer.Change(dueTime, period);
            return timer;
        }
    }

    private sealed class ProcessTimer(SimulatedProcess process, TimerCallback callback, object? state) : ITimer
    {
        private long _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var version = ++_version;
            if (dueTime == Timeout.InfiniteTimeSpan) return true;
            process.Schedule(dueTime, () =>
            {
                if (version != _version) return;
                if (period != Timeout.InfiniteTimeSpan && period > TimeSpan.Zero) Change(period, period);
                callback(state);
            });
            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
