using Google.Protobuf;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>Small messages that every rank sends to every other: where it stands, and the tails of steps and validations.</summary>
public sealed class TailExchange : IFrameHandler
{
    private const int LargestMessage = 1 << 20;

    private readonly Group _group;
    private readonly Lock _gate = new();
    private readonly Dictionary<(FrameKind Kind, long Step), Round> _rounds = [];

    internal TailExchange(Group group) => _group = group;

    internal async Task<IReadOnlyList<Position>> GreetAsync(Position own, CancellationToken cancellation)
    {
        var hello = new PeerHello
        {
            StageIndex = _group.Plan.StageIndex, Step = own.Step, ValidatedStep = own.Validated,
            LedgerHead = ByteString.CopyFrom(own.LedgerHead), Halted = own.Halted,
        };
        var payloads = await ExchangeAsync(FrameKind.Hello, 0, hello, cancellation);
        return [.. payloads.Select(bytes => PeerHello.Parser.ParseFrom(bytes)).Select(PositionOf)];
    }

    /// <summary>Sends the tail to all peers and waits for theirs.</summary>
    /// <returns>Tails in rank order.</returns>
    public async Task<IReadOnlyList<Tail>> ExchangeAsync(FrameKind kind, long step, Tail own, CancellationToken cancellation) =>
        Parse(await ExchangeAsync(kind, step, (IMessage)own, cancellation));

    /// <summary>Waits for the tails of all peers, the own one having been sent otherwise.</summary>
    internal async Task<IReadOnlyList<Tail>> ReceiveAsync(FrameKind kind, long step, Tail own, CancellationToken cancellation) =>
        Parse(await ReceiveAsync(kind, step, own.ToByteArray(), cancellation));

    /// <summary>For each rank, a wait that ends when its message of a round has arrived. To be asked for before the round's messages are received.</summary>
    internal IReadOnlyList<Waiter> HeardOf(FrameKind kind, long step) => RoundOf(kind, step).Heard;

    Memory<byte> IFrameHandler.Open(in FrameHeader header)
    {
        if (header.Length is < 0 or > LargestMessage) throw new ProtocolException($"a message of {header.Length} bytes from rank {header.From}");
        return new byte[header.Length];
    }

    void IFrameHandler.Arrived(in FrameHeader header, Memory<byte> payload)
    {
        var round = RoundOf(header.Kind, header.Step);
        round.Payloads[header.From] = payload.ToArray();
        round.Heard[header.From].Wake();
        if (!round.Owed.Receive(header.From)) throw new ProtocolException($"a second {header.Kind} of step {header.Step} from rank {header.From}");
    }

    private async Task<byte[][]> ExchangeAsync(FrameKind kind, long step, IMessage own, CancellationToken cancellation)
    {
        byte[][]? payloads = null;
        var parts = _group.Peers
            .Select<int, Func<CancellationToken, Task>>(peer => token => _group.SendAsync(peer, kind, step, own, token))
            .Append(async token => payloads = await ReceiveAsync(kind, step, own.ToByteArray(), token));
        await Group.TogetherAsync(parts, cancellation);
        return payloads!;
    }

    private async Task<byte[][]> ReceiveAsync(FrameKind kind, long step, byte[] own, CancellationToken cancellation)
    {
        var round = RoundOf(kind, step);
        round.Payloads[_group.Plan.Rank] = own;
        await _group.WaitAsync(round.Owed, cancellation);
        lock (_gate) _rounds.Remove((kind, step));
        return round.Payloads;
    }

    private Round RoundOf(FrameKind kind, long step)
    {
        Round? round;
        lock (_gate)
        {
            if (_rounds.TryGetValue((kind, step), out round)) return round;
            var counts = new int[_group.Plan.WorldSize];
            foreach (var peer in _group.Peers) counts[peer] = 1;
            round = new Round(new byte[counts.Length][], [.. counts.Select(_ => new Waiter())], new Owed(kind.ToString(), step, counts));
            _rounds.Add((kind, step), round);
        }
        _group.Track(round.Owed);
        return round;
    }

    private static Tail[] Parse(byte[][] payloads) => [.. payloads.Select(bytes => Tail.Parser.ParseFrom(bytes))];

    private static Position PositionOf(PeerHello hello) => new(hello.Step, hello.ValidatedStep, hello.LedgerHead.ToByteArray()) { Halted = hello.Halted };

    private sealed record Round(byte[][] Payloads, Waiter[] Heard, Owed Owed);
}
