using System.Collections.Concurrent;
using System.Threading.Channels;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Tests.Transport;

/// <summary>A sink that keeps what arrives and lets tests wait for it.</summary>
internal sealed class RecordingSink : IFrameSink
{
    private readonly TaskCompletionSource<string?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string?> _ends = new();
    private readonly Channel<FrameHeader> _arrivals = Channel.CreateUnbounded<FrameHeader>();
    private byte[] _opened = [];

    public ConcurrentQueue<(FrameHeader Header, byte[] Payload)> Frames { get; } = new();

    public int Opened { get; private set; }

    public int Completed { get; private set; }

    /// <summary>From this step on TryOpen answers false.</summary>
    public long ClosedFromStep { get; init; } = long.MaxValue;

    /// <summary>From this step on TryOpen throws a ProtocolException with this text.</summary>
    public (long Step, string Message) SenselessFrom { get; init; } = (long.MaxValue, "");

    /// <summary>Where payloads go; null keeps each in an array of its own.</summary>
    public byte[]? Target { get; init; }

    public IEnumerable<string?> Ends => _ends;

    public Task<string?> End => _ended.Task.WaitAsync(Patience.Limit);

    public bool TryOpen(in FrameHeader header, out Memory<byte> destination)
    {
        destination = default;
        if (header.Step >= SenselessFrom.Step) throw new ProtocolException(SenselessFrom.Message);
        if (header.Step >= ClosedFromStep) return false;
        Opened++;
        _opened = Target is null ? new byte[header.Length] : [];
        destination = Target is null ? _opened : Target.AsMemory((int)header.Offset, header.Length);
        return true;
    }

    public void Complete(in FrameHeader header, bool arrived)
    {
        Completed++;
        if (!arrived) return;
        Frames.Enqueue((header, _opened));
        _arrivals.Writer.TryWrite(header);
    }

    public void Ended(string? reason)
    {
        _ends.Enqueue(reason);
        _ended.TrySetResult(reason);
    }

    public async Task WaitForFramesAsync(int count)
    {
        for (var i = 0; i < count; i++) await _arrivals.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);
    }
}

/// <summary>A sink with a fault of its own.</summary>
internal sealed class FailingSink : IFrameSink
{
    public TaskCompletionSource<string?> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool TryOpen(in FrameHeader header, out Memory<byte> destination) => throw new InvalidOperationException("no such buffer");

    public void Complete(in FrameHeader header, bool arrived) => throw new InvalidOperationException("nothing was opened");

    public void Ended(string? reason) => End.SetResult(reason);
}

/// <summary>Admits every link into the sink that a test chose for it, or as the test says.</summary>
internal sealed class TestReceiver(Func<LinkIdentity, CancellationToken, ValueTask<IFrameSink?>> admit) : IFrameReceiver
{
    public TestReceiver(IFrameSink? sink) : this((_, _) => ValueTask.FromResult(sink)) { }

    public ValueTask<IFrameSink?> AdmitAsync(LinkIdentity identity, CancellationToken cancellation) => admit(identity, cancellation);
}

/// <summary>How long a test waits before it calls a hang a failure. No test passes or fails by speed.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
}
