using System.Threading.Channels;
using MiniMind.Coordinator.Grains;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>What the run's grain tells, in order, for whoever waits.</summary>
internal sealed class RunEventQueue : IRunWatcher
{
    private readonly Channel<RunEvent> _events = Channel.CreateUnbounded<RunEvent>();

    /// <summary>The same events, for whoever does not wait.</summary>
    public event EventHandler<RunEvent>? Happened;

    /// <summary>Events as they come.</summary>
    public ChannelReader<RunEvent> Reader => _events.Reader;

    public Task HappenedAsync(byte[] runEvent)
    {
        Add(RunEvent.Parser.ParseFrom(runEvent));
        return Task.CompletedTask;
    }

    /// <summary>Adds an event that this process itself knows of.</summary>
    public void Add(RunEvent happened)
    {
        _events.Writer.TryWrite(happened);
        Happened?.Invoke(this, happened);
    }
}
