using System.Threading.Channels;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// The all-reduce: every rank sends its tree nodes of segment s to the owner of s, the owner finishes the canonical tree, and everyone
/// gathers all segments, chunk by chunk.
/// </summary>
/// <remarks>
/// Foreign nodes are staged, because they may arrive before this rank's own backward is done and must be added in tree order. Finished chunks go
/// straight into the gradient: their owner had this rank's contribution, so its own values there are no longer needed.
/// A peer is never more than one step ahead, and it gets there only with this rank's finished segment, so one staging area is enough.
/// </remarks>
public sealed class GradientReduction : IFrameHandler, IDisposable
{
    private readonly Group _group;
    private readonly Memory<float> _gradient;
    private readonly Memory<byte> _gradientBytes;
    private readonly Segments _segments;
    private readonly Dictionary<(int Rank, LaneRange Node), Staging> _staging = [];
    private readonly Channel<int> _complete = Channel.CreateUnbounded<int>(new UnboundedChannelOptions { SingleReader = true });
    private readonly int[] _missing;
    private readonly int[] _nodesOf;
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Owed> _owed = [];

    internal GradientReduction(Group group, Memory<float> gradient)
    {
        _group = group;
        _gradient = gradient;
        _gradientBytes = ByteView.Of(gradient);
        var plan = group.Plan;
        _segments = new Segments(gradient.Length, plan.WorldSize, group.Options.ChunkLength);
        _nodesOf = new int[plan.WorldSize];
        foreach (var rank in group.Peers)
        {
            foreach (var node in CanonicalTree.Cover(plan.Members[rank].Lanes, plan.Lanes))
            {
                _staging.Add((rank, node), new Staging(_segments.LengthOf(plan.Rank)));
                _nodesOf[rank]++;
            }
        }
        _missing = new int[_segments.ChunksOf(plan.Rank)];
        Array.Fill(_missing, _staging.Count);
    }

    /// <summary>
    /// Sums the gradient over all ranks, in place, and exchanges tails. Completes when the whole sum is here and everything that peers need is sent.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <param name="nodes">This rank's tree nodes; the memory of one of them may be the gradient itself.</param>
    /// <param name="tail">This rank's tail.</param>
    /// <returns>Tails in rank order.</returns>
    /// <exception cref="PeerException">A peer is lost or silent; the gradient is undefined.</exception>
    public async Task<IReadOnlyList<Tail>> ReduceAsync(
        long step, IReadOnlyList<NodeValues> nodes, Tail tail, CancellationToken cancellation)
    {
        var rank = _group.Plan.Rank;
        var finished = new Channel<int>[_group.Plan.WorldSize];
        foreach (var peer in _group.Peers) finished[peer] = Channel.CreateUnbounded<int>();
        if (_staging.Count == 0)
            for (var chunk = 0; chunk < _missing.Length; chunk++) _complete.Writer.TryWrite(chunk);

        IReadOnlyList<Tail> tails = [];
        // Taken before anything runs: once all tails are here the exchange forgets the step.
        var heard = _group.Tails.HeardOf(FrameKind.Tail, step);
        var parts = _group.Peers
            .Select<int, Func<CancellationToken, Task>>(peer => token => SendAsync(peer, step, nodes, tail, heard[peer], finished[peer].Reader, token))
            .Append(token => FinishOwnAsync(nodes, finished, token))
            .Append(token => _group.WaitAsync(OwedFor(step), token))
            .Append(async token => tails = await _group.Tails.ReceiveAsync(FrameKind.Tail, step, tail, token));
        await Group.TogetherAsync(parts, cancellation);
        lock (_gate) _owed.Remove(step);
        return tails;
    }

    /// <summary>Bytes that one reduction sends from this rank.</summary>
    public long BytesSent(int ownNodes) =>
        4L * ownNodes * (_segments.Length - _segments.LengthOf(_group.Plan.Rank))
        + 4L * _segments.LengthOf(_group.Plan.Rank) * (_group.Plan.WorldSize - 1);

    public void Dispose()
    {
        foreach (var staging in _staging.Values) staging.Dispose();
    }

    Memory<byte> IFrameHandler.Open(in FrameHeader header)
    {
        if (header.Kind == FrameKind.Reduced)
        {
            ChunkOf(header, header.From);
            return _gradientBytes.Slice((int)header.Offset, header.Length);
        }
        ChunkOf(header, _group.Plan.Rank);
        if (!_staging.TryGetValue((header.From, new LaneRange(header.First, header.End)), out var staging))
            throw new ProtocolException($"rank {header.From} does not hold lanes {header.First}..{header.End - 1}");
        return staging.Bytes.Slice((int)header.Offset - 4 * _segments.Start(_group.Plan.Rank), header.Length);
    }

    void IFrameHandler.Arrived(in FrameHeader header, Memory<byte> payload)
    {
        if (header.Kind == FrameKind.Contribution)
        {
            var chunk = ChunkOf(header, _group.Plan.Rank);
            if (Interlocked.Decrement(ref _missing[chunk]) == 0) _complete.Writer.TryWrite(chunk);
        }
        if (!OwedFor(header.Step).Receive(header.From, later: header.Kind == FrameKind.Reduced))
            throw new ProtocolException($"rank {header.From} sent more of step {header.Step} than it owes");
    }

    private async Task SendAsync(
        int peer, long step, IReadOnlyList<NodeValues> nodes, Tail tail, Waiter heard, ChannelReader<int> finished, CancellationToken cancellation)
    {
        var bytes = nodes.Select(node => ByteView.Of(node.Values)).ToArray();
        var left = _segments.ChunksOf(_group.Plan.Rank);
        // A rank without lanes contributes nothing that would hold back its peers: only its tail says that its gradient may be overwritten.
        var spare = _nodesOf[peer] == 0;
        for (var chunk = 0; chunk < _segments.ChunksOf(peer); chunk++)
        {
            var (offset, length) = _segments.Chunk(peer, chunk);
            for (var i = 0; i < nodes.Count; i++)
            {
                var part = bytes[i].Slice(4 * (offset - nodes[i].Start), 4 * length);
                await _group.SendAsync(peer, FrameKind.Contribution, step, nodes[i].Node, 4L * offset, part, cancellation);
            }
            // Finished chunks go out between contributions, so that both directions stay busy.
            for (; !spare && finished.TryRead(out var ready); left--) await SendFinishedAsync(peer, step, ready, cancellation);
        }
        await _group.SendAsync(peer, FrameKind.Tail, step, tail, cancellation);
        if (spare) await heard.WaitAsync(cancellation);
        for (; left > 0; left--) await SendFinishedAsync(peer, step, await finished.ReadAsync(cancellation), cancellation);
    }

    private Task SendFinishedAsync(int peer, long step, int chunk, CancellationToken cancellation)
    {
        var (offset, length) = _segments.Chunk(_group.Plan.Rank, chunk);
        return _group.SendAsync(peer, FrameKind.Reduced, step, default, 4L * offset, _gradientBytes.Slice(4 * offset, 4 * length), cancellation);
    }

    private async Task FinishOwnAsync(IReadOnlyList<NodeValues> nodes, Channel<int>[] finished, CancellationToken cancellation)
    {
        var start = _segments.Start(_group.Plan.Rank);
        var staged = _staging.Select(entry => new NodeValues(entry.Key.Node, entry.Value.Floats, start));
        var tree = new TreeSum(_group.Plan.Lanes, nodes.Concat(staged));
        for (var left = _missing.Length; left > 0; left--)
        {
            var chunk = await _complete.Reader.ReadAsync(cancellation);
            var (offset, length) = _segments.Chunk(_group.Plan.Rank, chunk);
            tree.Finish(offset, length, _gradient.Span.Slice(offset, length));
            // Peers may send the next step's contribution as soon as they have this chunk.
            Volatile.Write(ref _missing[chunk], _staging.Count);
            foreach (var peer in _group.Peers) finished[peer].Writer.TryWrite(chunk);
        }
    }

    private int ChunkOf(in FrameHeader header, int owner)
    {
        var chunk = header.Offset % 4 == 0 && header.Length % 4 == 0 ? _segments.ChunkAt(owner, header.Offset / 4, header.Length / 4) : -1;
        return chunk >= 0 ? chunk : throw new ProtocolException(
            $"{header.Length} bytes at {header.Offset} from rank {header.From} are no chunk of rank {owner}'s segment");
    }

    private Owed OwedFor(long step)
    {
        Owed? owed;
        lock (_gate)
        {
            if (_owed.TryGetValue(step, out owed)) return owed;
            var (contributions, finished) = (new int[_group.Plan.WorldSize], new int[_group.Plan.WorldSize]);
            foreach (var peer in _group.Peers) (contributions[peer], finished[peer]) = (_nodesOf[peer] * _missing.Length, _segments.ChunksOf(peer));
            owed = new Owed("reduction", step, contributions, finished);
            _owed.Add(step, owed);
        }
        return _group.Track(owed);
    }

    private sealed class Staging : IDisposable
    {
        private readonly FlatBuffer _buffer;

        public Staging(int length)
        {
            _buffer = new FlatBuffer(length);
            Floats = _buffer.Memory;
            Bytes = ByteView.Of(Floats);
        }

        public Memory<float> Floats { get; }

        public Memory<byte> Bytes { get; }

        public void Dispose() => ((IDisposable)_buffer).Dispose();
    }
}
