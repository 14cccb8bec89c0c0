using MiniMind.Transformer.Training;
using TorchSharp;

namespace MiniMind.Worker.Training;

/// <summary>
/// The flat buffers as the collectives see them, in host memory. On the CPU that is the tensors' own memory; of another device it is a mirror that is
/// copied when it is needed.
/// </summary>
internal sealed class HostBuffers
{
    private readonly TrainingState _state;

    public HostBuffers(TrainingState state)
    {
        _state = state;
        IsMirror = state.Device.type != DeviceType.CPU;
        Gradient = IsMirror ? new float[state.Count] : state.GradientMemory;
    }

    /// <summary>The tensors are on another device.</summary>
    public bool IsMirror { get; }

    /// <summary>The flat gradient.</summary>
    public Memory<float> Gradient { get; }

    /// <summary>Weights and both moments as they are now; a copy where they are on another device.</summary>
    public IReadOnlyList<Memory<float>> Snapshot(bool copy)
    {
        if (IsMirror) return [.. Flats.Select(flat => (Memory<float>)TrainingState.Export(flat))];
        return copy ? [.. Live.Select(memory => (Memory<float>)memory.ToArray())] : Live;
    }

    /// <summary>Weights as they are now.</summary>
    public ReadOnlyMemory<float> Weights => IsMirror ? TrainingState.Export(_state.Parameters) : _state.ParametersMemory;

    /// <summary>Overwrites weights and moments; nothing to do where these are the values' own buffers.</summary>
    public void Load(IReadOnlyList<Memory<float>> values)
    {
        if (IsMirror)
            foreach (var (flat, value) in Flats.Zip(values)) TrainingState.Import(flat, Whole, value.Span);
        else
            foreach (var (memory, value) in Live.Zip(values).Where(pair => pair.First.Span != pair.Second.Span)) value.CopyTo(memory);
    }

    /// <summary>After a backward: brings the gradient to the host.</summary>
    public void GradientToHost()
    {
        if (IsMirror) TrainingState.Export(_state.Gradient).CopyTo(Gradient);
    }

    /// <summary>Before an update: brings the reduced gradient to the device.</summary>
    public void GradientToDevice()
    {
        if (IsMirror) TrainingState.Import(_state.Gradient, Whole, Gradient.Span);
    }

    private Memory<float>[] Live => [_state.ParametersMemory, _state.FirstMomentMemory, _state.SecondMomentMemory];

    private torch.Tensor[] Flats => [_state.Parameters, _state.FirstMoment, _state.SecondMoment];

    private ParameterSlot Whole => new("all", [_state.Count], 0, _state.Count);
}
