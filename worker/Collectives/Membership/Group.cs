using System.Buffers;
using Google.Protobuf;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// The ranks of one generation, connected: one link to and one from every peer. Greets, exchanges tails, reduces gradients, copies state.
/// When it is disposed nothing of its generation writes to any buffer any more.
/// </summary>
public sealed class Group : IAsyncDisposable
{
    private readonly ITransport _transport;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ILink?[] _links;
    private readonly PeerSink?[] _sinks;
    private readonly string?[] _lost;
    private readonly HashSet<Owed> _waits = [];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _copies;
    private bool _closed;

    /// <param name="plan">The generation; this process is a member of it.</param>
    /// <param name="gradient">The replica's flat gradient.</param>
    public Group(GenerationPlan plan, ITransport transport, Memory<float> gradient, GroupOptions options, TimeProvider time)
    {
        Plan = plan;
        Options = options;
        _transport = transport;
        _time = time;
        _links = new ILink?[plan.WorldSize];
        _sinks = new PeerSink?[plan.WorldSize];
        _lost = new string?[plan.WorldSize];
        PeerDeadline = options.PeerDeadline;
        Tails = new TailExchange(this);
        Reduction = new GradientReduction(this, gradient);
        Copy = new StateCopy(this);
        Pulses = new Pulses(this, time);
    }

    /// <summary>The generation.</summary>
    public GenerationPlan Plan { get; }

    /// <summary>Sizes and deadlines.</summary>
    public GroupOptions Options { get; }

    /// <summary>How long to wait for peers that send nothing, or that do not enter; follows the measured step time.</summary>
    public TimeSpan PeerDeadline { get; set; }

    /// <summary>Time that peers may need beyond that, because they copy or load their state before the first step.</summary>
    public TimeSpan StateAllowance { get; set; }

    /// <summary>Small messages from every rank to every rank.</summary>
    public TailExchange Tails { get; }

    /// <summary>Sums the gradient over all ranks.</summary>
    public GradientReduction Reduction { get; }

    /// <summary>Copies state from one rank to another.</summary>
    public StateCopy Copy { get; }

    /// <summary>Signs of life from rank to rank.</summary>
    internal Pulses Pulses { get; }

    /// <summary>All ranks but this one.</summary>
    public IEnumerable<int> Peers => Enumerable.Range(0, Plan.WorldSize).Where(rank => rank != Plan.Rank);

    /// <summary>Some rank is about to copy or load a state of this size: its silence meanwhile, even over a slow link, is no reason for alarm.</summary>
    internal void AllowForState(double bytes) => StateAllowance = TimeSpan.FromSeconds(bytes / Options.SlowestCopy);

    /// <summary>Opens the links to all peers; completes when all have admitted them.</summary>
    /// <exception cref="PeerException">A peer cannot be reached.</exception>
    public Task ConnectAsync(CancellationToken cancellation)
    {
        Pulses.Start();
        return TogetherAsync(Peers.Select(ConnectToAsync), cancellation);
    }

    /// <summary>Tells all peers where this replica stands and hears the same from them.</summary>
    /// <returns>Positions in rank order.</returns>
    public Task<IReadOnlyList<Position>> GreetAsync(Position own, CancellationToken cancellation) => Tails.GreetAsync(own, cancellation);

    /// <summary>Sends one frame to a peer; for one sender per peer at a time.</summary>
    internal async Task SendAsync(
        int peer, FrameKind kind, long step, LaneRange node, long offset, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        var header = new FrameHeader(kind, Plan.Rank, Plan.Number, step, node.First, node.End, offset, payload.Length);
        var pulse = Pulses.BeginSend(peer);
        try
        {
            if (pulse is not null) await pulse.WaitAsync(cancellation);
            await _links[peer]!.SendAsync(header, payload, cancellation);
        }
        catch (LinkException fault)
        {
            throw new PeerException(Trouble.Types.Kind.Unreachable, [], $"the link to rank {peer} broke: {fault.Message}", fault);
        }
        finally
        {
            Pulses.EndSend(peer);
        }
    }

    /// <summary>Sends an empty frame to a peer to whom nothing else is being sent.</summary>
    internal ValueTask PulseAsync(int peer) =>
        _links[peer]!.SendAsync(new FrameHeader(FrameKind.Pulse, Plan.Rank, Plan.Number, 0, 0, 0, 0, 0), default, default);

    /// <summary>Nothing at all has come from a rank for too long: whatever waits for it fails.</summary>
    internal void Silence(int rank, TimeSpan silence)
    {
        // Whoever copies or loads a state of gigabytes may keep its machine too busy for signs of life.
        if (StateAllowance > TimeSpan.Zero) return;
        Owed[] waits;
        lock (_gate) waits = [.. _waits];
        foreach (var wait in waits) wait.Silence(rank, silence);
    }

    /// <summary>Sends a small message.</summary>
    internal Task SendAsync(int peer, FrameKind kind, long step, IMessage message, CancellationToken cancellation) =>
        SendAsync(peer, kind, step, default, 0, message.ToByteArray(), cancellation);

    /// <summary>Registers a wait, so that it fails when a rank that owes something is lost.</summary>
    internal Owed Track(Owed owed)
    {
        lock (_gate) _waits.Add(owed);
        for (var rank = 0; rank < _lost.Length; rank++)
            if (Volatile.Read(ref _lost[rank]) is { } reason) owed.Lose(rank, reason);
        return owed;
    }

    /// <summary>Waits for what is owed, then forgets the wait.</summary>
    internal async Task WaitAsync(Owed owed, CancellationToken cancellation)
    {
        try
        {
            await owed.WaitAsync(PeerDeadline + StateAllowance, _time, cancellation);
        }
        finally
        {
            lock (_gate) _waits.Remove(owed);
        }
    }

    /// <summary>Runs tasks side by side; the first fault cancels the others, which are awaited before it is thrown.</summary>
    internal static async Task TogetherAsync(IEnumerable<Func<CancellationToken, Task>> parts, CancellationToken cancellation)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = parts.Select(part => part(together.Token)).ToList();
        Exception? fault = null;
        while (running.Count > 0)
        {
            var ended = await Task.WhenAny(running);
            running.Remove(ended);
            if (ended.IsCompletedSuccessfully) continue;
            // Every exception is looked at, so that none counts as unobserved; the first one is what happened, the rest follows from it.
            var found = ended.Exception?.InnerException;
            if (fault is null or OperationCanceledException) fault = found ?? fault ?? new OperationCanceledException(cancellation);
            together.Cancel();
        }
        cancellation.ThrowIfCancellationRequested();
        if (fault is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
    }

    /// <summary>Decides about a peer's link. False: this rank has left the generation already.</summary>
    /// <param name="sink">The receiving end; null when the link is refused.</param>
    internal bool TryAdmit(LinkIdentity identity, out IFrameSink? sink)
    {
        lock (_gate)
        {
            sink = _closed ? null : Admit(identity);
            return !_closed;
        }
    }

    private PeerSink? Admit(LinkIdentity identity)
    {
        if (identity.To != Plan.Rank || identity.From < 0 || identity.From >= Plan.WorldSize) return null;
        if (identity.From == Plan.Rank || _sinks[identity.From] is not null) return null;
        Pulses.Expect(identity.From);
        return _sinks[identity.From] = new PeerSink(this, identity.From);
    }

    internal bool BeginCopy()
    {
        lock (_gate)
        {
            if (_closed) return false;
            _copies++;
            return true;
        }
    }

    internal void EndCopy()
    {
        lock (_gate)
        {
            if (--_copies > 0 || !_closed) return;
        }
        _drained.TrySetResult();
    }

    internal void Lose(int rank, string reason)
    {
        Owed[] waits;
        lock (_gate)
        {
            _lost[rank] ??= reason;
            waits = [.. _waits];
        }
        foreach (var wait in waits) wait.Lose(rank, reason);
    }

    /// <summary>Closes the generation: refuses further frames, waits until those being copied are, and begins to close the links.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            if (_copies == 0) _drained.TrySetResult();
        }
        Pulses.Dispose();
        await Copy.EndAsync();
        await _drained.Task;
        // Not waited for: nothing of this generation is sent on them any more, and a rank that no longer answers takes its time to close one.
        foreach (var peer in Peers.Where(peer => _links[peer] is not null)) _ = CloseAsync(peer);
        Reduction.Dispose();
        Copy.Dispose();
    }

    /// <summary>A link in the middle of a pulse could not be closed in order, and might lose the frames before it.</summary>
    private async Task CloseAsync(int peer)
    {
        using var patience = new CancellationTokenSource(Options.PeerSilence, _time);
        try
        {
            if (Pulses.BeginSend(peer) is { } pulse) await pulse.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // It does not answer: then closing breaks it.
        }
        await _links[peer]!.DisposeAsync();
    }

    private Func<CancellationToken, Task> ConnectToAsync(int peer) => async cancellation =>
    {
        using var patient = new CancellationTokenSource(PeerDeadline, _time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(patient.Token, cancellation);
        try
        {
            var identity = new LinkIdentity(Plan.Number, Plan.Rank, peer);
            _links[peer] = await _transport.ConnectAsync(Plan.Members[peer].Endpoint, identity, bounded.Token);
            Pulses.Tell(peer);
        }
        catch (LinkException fault)
        {
            throw new PeerException(Trouble.Types.Kind.Unreachable, [peer], $"{Name(peer)} cannot be reached: {fault.Message}", fault);
        }
        catch (OperationCanceledException fault) when (patient.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new PeerException(
                Trouble.Types.Kind.Silent, [peer], $"{Name(peer)} has not entered for {PeerDeadline.TotalSeconds:0.#} s", fault);
        }
    };

    private string Name(int peer) => $"rank {peer} ({Plan.Members[peer].Worker})";
}

/// <summary>Sizes and deadlines of a group.</summary>
/// <param name="ChunkLength">Floats in one message of a segment (512 KB was fastest on loopback).</param>
/// <param name="PeerDeadline">Least time to wait for a peer that sends nothing.</param>
/// <param name="FirstDeadline">How long to wait before anything about the time of a step is known.</param>
public sealed record GroupOptions(int ChunkLength, TimeSpan PeerDeadline, TimeSpan FirstDeadline)
{
    /// <summary>Bytes per second at which the state of a peer is copied or loaded at the least; a 100 Mbit/s link gives 12 MB/s.</summary>
    public double SlowestCopy { get; init; } = 8e6;

    /// <summary>How often a rank that has nothing else to say to a peer says that it lives.</summary>
    public TimeSpan PulseInterval { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>
    /// After so long without any frame a peer counts as unreachable. Longer than the coordinator waits: whoever is silent to everybody is its to judge.
    /// </summary>
    public TimeSpan PeerSilence { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <summary>For real networks.</summary>
    public static readonly GroupOptions Default = new(131072, TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10));
}
