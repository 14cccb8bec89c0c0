using System.Net.Sockets;
using System.Threading.Channels;

namespace MiniMind.Chaos.Network;

/// <summary>One connection through a proxy: two sockets, and what passes between them, each direction over its wire.</summary>
/// <param name="near">To the party that opened it; owned from now on.</param>
/// <param name="far">To the party that was called; owned from now on.</param>
/// <param name="forth">From the first to the second.</param>
/// <param name="back">From the second to the first.</param>
internal sealed class Connection(Socket near, Socket far, Wire forth, Wire back, TimeProvider time)
{
    private const int PieceBytes = 64 << 10;

    // What a wire may have under way before its sender notices: 16 MB, as much as the receivers' windows.
    private const int MostPieces = 256;

    private readonly CancellationTokenSource _over = new();

    private readonly record struct Piece(byte[] Bytes, int Length, long Sent);

    /// <summary>Carries bytes until one end closes, and both have been told.</summary>
    public async Task CarryAsync()
    {
        await Task.WhenAll(CarryAsync(near, far, forth), CarryAsync(far, near, back));
        _over.Dispose();
    }

    /// <summary>Breaks it: both ends see a reset, whatever is held on the wires.</summary>
    public void Reset()
    {
        try
        {
            _over.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
        near.Close(0);
        far.Close(0);
    }

    private async Task CarryAsync(Socket from, Socket to, Wire wire)
    {
        var pieces = Channel.CreateBounded<Piece>(MostPieces);
        await Task.WhenAll(ReadAsync(from, pieces.Writer), WriteAsync(pieces.Reader, to, wire));
    }

    private async Task ReadAsync(Socket from, ChannelWriter<Piece> pieces)
    {
        try
        {
            while (true)
            {
                var bytes = new byte[PieceBytes];
                var length = await from.ReceiveAsync(bytes, _over.Token);
                if (length == 0) return;
                await pieces.WriteAsync(new Piece(bytes, length, time.GetTimestamp()), _over.Token);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The other end is told when this news has passed the wire.
        }
        finally
        {
            pieces.TryComplete();
        }
    }

    private async Task WriteAsync(ChannelReader<Piece> pieces, Socket to, Wire wire)
    {
        try
        {
            await foreach (var piece in pieces.ReadAllAsync(_over.Token))
            {
                var late = wire.Delay - time.GetElapsedTime(piece.Sent);
                if (wire.Rate > 0) late += TimeSpan.FromSeconds((double)piece.Length / wire.Rate);
                // A wire's length and rate are what is simulated here.
                if (late > TimeSpan.Zero) await Task.Delay(late, time, _over.Token);
                await wire.Open.WaitAsync(_over.Token);
                await to.SendAsync(piece.Bytes.AsMemory(0, piece.Length), _over.Token);
            }
            await wire.Open.WaitAsync(_over.Token);
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Nobody is left to be written to.
        }
        Reset();
    }
}
