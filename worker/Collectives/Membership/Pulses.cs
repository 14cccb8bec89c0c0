using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// Signs of life between ranks. A rank that has nothing else to say to a peer sends it an empty frame at a steady interval, also while it computes;
/// so a process that is stopped, or a network that swallows everything, is told from one that merely takes its time.
/// </summary>
/// <remarks>
/// What is heard late because this machine is busy is not heard late because of the peer: silence begins after three of the longest recent gaps, if that
/// is more than the limit, and anew when this process itself was held up.
/// </remarks>
internal sealed class Pulses : IFrameHandler, IDisposable
{
    private const int Gaps = 3;
    private const int MostGranted = 5;
    private static readonly TimeSpan GapHalfLife = TimeSpan.FromSeconds(10);

    // Before anything is known: the beginning of a generation, when states are copied, is when a machine is busiest.
    private static readonly TimeSpan FirstGap = TimeSpan.FromSeconds(1);

    private readonly Group _group;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Line[] _lines;
    private ITimer? _timer;
    private long _ticked;

    public Pulses(Group group, TimeProvider time)
    {
        (_group, _time) = (group, time);
        _lines = [.. Enumerable.Range(0, group.Plan.WorldSize).Select(_ => new Line())];
    }

    /// <summary>Begins to send on every link that is open.</summary>
    public void Start()
    {
        lock (_gate) _ticked = _time.GetTimestamp();
        var interval = _group.Options.PulseInterval;
        _timer = _time.CreateTimer(_ => Tick(), null, interval, interval);
    }

    /// <summary>The link from a peer is open: from now on it is expected to be heard.</summary>
    public void Expect(int rank)
    {
        lock (_gate) _lines[rank].Heard = _time.GetTimestamp();
    }

    /// <summary>The link to a peer is open: from now on it is told.</summary>
    public void Tell(int rank)
    {
        lock (_gate) _lines[rank].Open = true;
    }

    /// <summary>A frame of a peer has come, of whatever kind.</summary>
    public void Hear(int rank)
    {
        lock (_gate)
        {
            var line = _lines[rank];
            if (line.Heard is not { } before) return;
            var gap = _time.GetElapsedTime(before);
            var decayed = line.Gap * Math.Pow(0.5, gap / GapHalfLife);
            line.Gap = gap > decayed ? gap : decayed;
            line.Heard = _time.GetTimestamp();
        }
    }

    /// <summary>A frame is about to be sent to a peer: no pulse is needed meanwhile.</summary>
    /// <returns>The pulse that is under way and has to be waited for; null for none.</returns>
    public Waiter? BeginSend(int rank)
    {
        lock (_gate)
        {
            _lines[rank].Busy = true;
            return _lines[rank].Pulse;
        }
    }

    /// <summary>That frame has been sent, or could not be.</summary>
    public void EndSend(int rank)
    {
        lock (_gate) _lines[rank].Busy = false;
    }

    Memory<byte> IFrameHandler.Open(in FrameHeader header) =>
        header.Length == 0 ? default : throw new ProtocolException($"a pulse of {header.Length} bytes from rank {header.From}");

    void IFrameHandler.Arrived(in FrameHeader header, Memory<byte> payload)
    {
        // That it came is all it says.
    }

    public void Dispose() => _timer?.Dispose();

    private void Tick()
    {
        var idle = new List<(int Rank, Waiter Sent)>();
        var silent = new List<(int Rank, TimeSpan For)>();
        lock (_gate)
        {
            var heldUp = _time.GetElapsedTime(_ticked) > _group.Options.PeerSilence / 2;
            _ticked = _time.GetTimestamp();
            foreach (var rank in _group.Peers)
            {
                var line = _lines[rank];
                if (heldUp) line.Heard = _ticked;
                var silence = _time.GetElapsedTime(line.Heard ?? _ticked, _ticked);
                var limit = _group.Options.PeerSilence;
                if (silence > limit && (silence > Gaps * line.Gap || silence > MostGranted * limit)) silent.Add((rank, silence));
                if (!line.Open || line.Busy || line.Pulse is not null) continue;
                idle.Add((rank, line.Pulse = new Waiter()));
            }
        }
        foreach (var (rank, sent) in idle) _ = SendAsync(rank, sent);
        foreach (var (rank, silence) in silent) _group.Silence(rank, silence);
    }

    private async Task SendAsync(int rank, Waiter sent)
    {
        try
        {
            await _group.PulseAsync(rank);
        }
        catch (Exception fault) when (fault is LinkException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever needs the link will be told.
        }
        lock (_gate) _lines[rank].Pulse = null;
        sent.Wake();
    }

    /// <summary>What is known of one peer's link, there and back.</summary>
    private sealed class Line
    {
        /// <summary>When something came last; null before its link was open.</summary>
        public long? Heard { get; set; }

        /// <summary>The longest recent time between two frames; what is longer ago counts less.</summary>
        public TimeSpan Gap { get; set; } = FirstGap;

        public bool Open { get; set; }

        public bool Busy { get; set; }

        /// <summary>The pulse that is under way.</summary>
        public Waiter? Pulse { get; set; }
    }
}
