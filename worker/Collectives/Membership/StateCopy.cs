using Google.Protobuf;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// Copies the training state from the source rank to those behind it, into spare buffers that are taken over only after their digest matches; into the replica's own
/// when there is nothing in them to lose. The source goes on computing meanwhile; before it sends anything else, or its state changes, the copy is there.
/// </summary>
public sealed class StateCopy : IFrameHandler, IDisposable
{
    private readonly Group _group;
    private readonly List<FlatBuffer> _spare = [];
    private readonly Lazy<Owed> _owed;
    private readonly CancellationTokenSource _abandoned = new();
    private Task _sending = Task.CompletedTask;
    private IReadOnlyList<Memory<float>> _buffers = [];
    private StateHeader? _header;
    private int _source = -1;

    internal StateCopy(Group group)
    {
        _group = group;
        _owed = new Lazy<Owed>(() =>
        {
            var counts = new int[group.Plan.WorldSize];
            counts[_source] = 1;
            return group.Track(new Owed("copy of the state", 0, counts));
        });
    }

    /// <summary>The buffers of a replica without state, to receive one there; none: in spare ones. Set before anything can arrive.</summary>
    public IReadOnlyList<Memory<float>> InPlace { get; set; } = [];

    private int ChunkBytes => 4 * _group.Options.ChunkLength;

    /// <summary>Begins to send this replica's state to peers. The state must not change before <see cref="SentAsync"/> has completed.</summary>
    public void Begin(IEnumerable<int> peers, Position position, IReplica replica, IReadOnlyList<LedgerEntry> unacknowledged, CancellationToken cancellation) =>
        _sending = BeginAsync(
            [.. peers.Select<int, Func<CancellationToken, Task>>(peer => token => SendAsync(peer, position, replica, unacknowledged, token))], cancellation);

    /// <summary>Completes when what was begun has been sent.</summary>
    /// <exception cref="PeerException">It could not be.</exception>
    public Task SentAsync() => _sending;

    /// <summary>Gives up what is still being sent, and waits until nothing reads the state any more.</summary>
    public async Task EndAsync()
    {
        _abandoned.Cancel();
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private async Task BeginAsync(IReadOnlyList<Func<CancellationToken, Task>> sends, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _abandoned.Token);
        await Group.TogetherAsync(sends, either.Token);
    }

    private async Task SendAsync(
        int peer, Position position, IReplica replica, IReadOnlyList<LedgerEntry> unacknowledged, CancellationToken cancellation)
    {
        var floats = replica.State;
        Memory<byte>[] state = [.. floats.Select(ByteView.Of)];
        var header = new StateHeader
        {
            Step = position.Step, ValidatedStep = position.Validated, LedgerHead = ByteString.CopyFrom(position.LedgerHead),
            Digest = ByteString.CopyFrom(replica.StateDigest(floats)),
        };
        header.Unacknowledged.AddRange(unacknowledged);
        header.BufferBytes.AddRange(state.Select(buffer => (long)buffer.Length));
        await _group.SendAsync(peer, FrameKind.StateHeader, position.Step, header, cancellation);
        for (var index = 0; index < state.Length; index++)
        {
            for (var offset = 0; offset < state[index].Length; offset += ChunkBytes)
            {
                cancellation.ThrowIfCancellationRequested();
                var part = state[index].Slice(offset, Math.Min(ChunkBytes, state[index].Length - offset));
                await _group.SendAsync(peer, FrameKind.State, position.Step, new LaneRange(index, index), offset, part, cancellation);
            }
        }
    }

    /// <summary>Waits for the state that the source sends, verifies it, and lets the replica take it over.</summary>
    /// <returns>Where the replica stands now, and the ledger entries that the source still keeps.</returns>
    public async Task<(Position Position, IReadOnlyList<LedgerEntry> Unacknowledged)> ReceiveAsync(int source, IReplica replica, CancellationToken cancellation)
    {
        Interlocked.CompareExchange(ref _source, source, -1);
        await _group.WaitAsync(_owed.Value, cancellation);
        var header = _header!;
        if (!replica.StateDigest(_buffers).AsSpan().SequenceEqual(header.Digest.Span))
            throw new PeerException(
                Trouble.Types.Kind.BadCopy, [source], $"the state of step {header.Step} from rank {source} does not match its digest");
        replica.Adopt(header.Step, _buffers);
        FreeSpare();
        return (new Position(header.Step, header.ValidatedStep, header.LedgerHead.ToByteArray()), header.Unacknowledged);
    }

    Memory<byte> IFrameHandler.Open(in FrameHeader header)
    {
        if (Interlocked.CompareExchange(ref _source, header.From, -1) is var source && source >= 0 && source != header.From)
            throw new ProtocolException($"state from rank {header.From}, but rank {source} is the source");
        if (header.Kind == FrameKind.StateHeader) return new byte[header.Length];
        if (header.First < 0 || header.First >= _buffers.Count || header.Offset < 0 || header.Offset + header.Length > 4L * _buffers[header.First].Length)
            throw new ProtocolException($"state frame of buffer {header.First} at {header.Offset} from rank {header.From}");
        return ByteView.Of(_buffers[header.First]).Slice((int)header.Offset, header.Length);
    }

    void IFrameHandler.Arrived(in FrameHeader header, Memory<byte> payload)
    {
        if (header.Kind == FrameKind.StateHeader)
        {
            _header = StateHeader.Parser.ParseFrom(payload.Span);
            var fits = InPlace.Select(buffer => 4L * buffer.Length).SequenceEqual(_header.BufferBytes);
            if (!fits) _spare.AddRange(_header.BufferBytes.Select(bytes => new FlatBuffer(checked((int)(bytes / 4)))));
            _buffers = fits ? InPlace : [.. _spare.Select(buffer => buffer.Memory)];
            foreach (var bytes in _header.BufferBytes) _owed.Value.Add(header.From, (int)((bytes + ChunkBytes - 1) / ChunkBytes));
        }
        if (!_owed.Value.Receive(header.From)) throw new ProtocolException($"rank {header.From} sent more state than it announced");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _abandoned.Dispose();
        FreeSpare();
    }

    private void FreeSpare()
    {
        foreach (var buffer in _spare) ((IDisposable)buffer).Dispose();
        _spare.Clear();
        _buffers = InPlace = [];
    }
}
