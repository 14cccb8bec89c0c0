using Grpc.Core;
using Grpc.Net.Client;
using MiniMind.Protos;
using MiniMind.Worker.Attendance;

namespace MiniMind.Worker.Artifacts;

/// <summary>The way to the artifact store, which every coordinator of the run serves.</summary>
public interface IStoreChannels
{
    /// <summary>The channel to use now.</summary>
    ChannelBase Current { get; }

    /// <summary>A channel has failed: another one is used from now on, if there is one.</summary>
    void MoveOn(ChannelBase failed);
}

/// <summary>Channels to the stores of a run's coordinators, made when they are needed.</summary>
public sealed class StoreChannels(CoordinatorList coordinators) : IStoreChannels, IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, GrpcChannel> _channels = [];
    private string _current = coordinators.After(null);

    public ChannelBase Current
    {
        get
        {
            lock (_gate)
            {
                if (!_channels.TryGetValue(_current, out var channel)) _channels[_current] = channel = ChannelFactory.ForTransfer(_current);
                return channel;
            }
        }
    }

    public void MoveOn(ChannelBase failed)
    {
        lock (_gate)
            if (_channels.GetValueOrDefault(_current) == failed) _current = coordinators.After(_current);
    }

    public void Dispose()
    {
        foreach (var channel in _channels.Values) channel.Dispose();
    }
}

/// <summary>The one channel to a store that is in one place.</summary>
public sealed class SingleStore(ChannelBase channel) : IStoreChannels
{
    public ChannelBase Current => channel;

    public void MoveOn(ChannelBase failed)
    {
    }
}
