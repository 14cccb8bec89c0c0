using MiniMind.Text;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Layers;
using MiniMind.Transformer.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Training;

/// <summary>
/// All that training changes: parameters, gradient and both AdamW moments, each ONE flat float32 tensor of <see cref="Count"/>
/// elements. Every parameter of the decoder and its .grad is a view into them, so zeroing, clipping, updating, hashing, sending
/// and saving are operations on whole buffers. Never call the decoder's zero_grad(): it would cut the views.
/// </summary>
public sealed class TrainingState : IDisposable
{
    private readonly List<Tensor> gradientViews = [];
    private readonly NativeFloats?[] memories;

    private TrainingState(ModelConfig config, Device device, bool trainable)
    {
        Config = config;
        Device = device;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Decoder = new Decoder(config, device);
        Slots = Layout(Decoder);
        Count = Slots.Sum(slot => slot.Length);
        Parameters = Zeros(Count);
        Gradient = Zeros(trainable ? Count : 0);
        FirstMoment = Zeros(Gradient.numel());
        SecondMoment = Zeros(Gradient.numel());
        memories = [.. new[] { Parameters, Gradient, FirstMoment, SecondMoment }.Select(flat =>
            device.type == DeviceType.CPU && flat.numel() > 0 ? new NativeFloats(flat) : null)];
        MakeViews();
    }

    public ModelConfig Config { get; }

    public Device Device { get; }

    /// <summary>The model whose parameters are views into <see cref="Parameters"/>.</summary>
    public Decoder Decoder { get; }

    /// <summary>Elements of each flat buffer.</summary>
    public long Count { get; }

    /// <summary>The parameters in the order in which they lie in the buffers, without gaps.</summary>
    public IReadOnlyList<ParameterSlot> Slots { get; }

    public Tensor Parameters { get; }

    /// <summary>Sum of the gradients since <see cref="ZeroGradient"/>; backward adds to it.</summary>
    public Tensor Gradient { get; }

    /// <summary>AdamW's moving mean of the gradient.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>AdamW's moving mean of the squared gradient.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Updates applied so far (skipped ones do not count): the t of AdamW's bias correction.</summary>
    public long OptimizerStep { get; set; }

    /// <summary><see cref="Parameters"/> without a copy; CPU only. The state owns the memory.</summary>
    public Memory<float> ParametersMemory => MemoryOf(0);

    /// <summary><see cref="Gradient"/> without a copy; CPU only. The state owns the memory.</summary>
    public Memory<float> GradientMemory => MemoryOf(1);

    /// <summary><see cref="FirstMoment"/> without a copy; CPU only. The state owns the memory.</summary>
    public Memory<float> FirstMomentMemory => MemoryOf(2);

    /// <summary><see cref="SecondMoment"/> without a copy; CPU only. The state owns the memory.</summary>
    public Memory<float> SecondMomentMemory => MemoryOf(3);

    /// <summary>
    /// Allocates a model and its optimizer state, all zeros. <see cref="TorchRuntime.Initialize"/> comes first.
    /// </summary>
    /// <param name="config">Sizes.</param>
    /// <param name="device">"cpu", "cuda" or "cuda:N".</param>
    /// <param name="trainable">False: gradient and moments stay empty, a quarter of the memory; such a state answers and cannot learn.</param>
    /// <exception cref="InputException">Impossible sizes or an unknown device.</exception>
    public static TrainingState Create(ModelConfig config, string device = "cpu", bool trainable = true) =>
        new(config, torch.device(DeviceName.Parse(device).ToString()), trainable);

    /// <summary>First weights from <paramref name="seed"/> (same bits everywhere); moments, gradient and step become zero.</summary>
    public void Initialize(ulong seed)
    {
        using var noGrad = no_grad();
        var values = new float[Slots.Max(slot => slot.Length)];
        foreach (var slot in Slots)
        {
            var part = values.AsSpan(0, (int)slot.Length);
            ParameterInitializer.Fill(slot, seed, Config.InitializerRange, part);
            Import(Parameters, slot, part);
        }

        foreach (var flat in new[] { Gradient, FirstMoment, SecondMoment }) Zero(flat);
        OptimizerStep = 0;
    }

    /// <summary>Sets every element of <see cref="Gradient"/> to zero, in place.</summary>
    public void ZeroGradient() => Zero(Gradient);

    /// <summary>Copies <paramref name="values"/> into the range of <paramref name="slot"/> of one flat buffer, on any device.</summary>
    public static void Import(Tensor flat, ParameterSlot slot, ReadOnlySpan<float> values)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        flat.narrow(0, slot.Offset, slot.Length).copy_(tensor(values.ToArray()));
    }

    /// <summary>A copy of a whole flat buffer in host memory, on any device.</summary>
    public static float[] Export(Tensor flat)
    {
        using var host = flat.cpu();
        return host.data<float>().ToArray();
    }

    public void Dispose()
    {
        foreach (var memory in memories) ((IDisposable?)memory)?.Dispose();
        foreach (var view in gradientViews) view.Dispose();
        foreach (var (_, parameter) in Decoder.named_parameters()) parameter.Dispose();
        Decoder.Dispose();
        foreach (var flat in new[] { Parameters, Gradient, FirstMoment, SecondMoment }) flat.Dispose();
    }

    private static List<ParameterSlot> Layout(Decoder decoder)
    {
        var slots = new List<ParameterSlot>();
        var offset = 0L;
        foreach (var (name, parameter) in decoder.named_parameters())
        {
            slots.Add(new ParameterSlot(name, parameter.shape, offset, parameter.numel()));
            offset += parameter.numel();
        }

        return slots;
    }

    private void MakeViews()
    {
        foreach (var ((_, parameter), slot) in Decoder.named_parameters().Zip(Slots))
        {
            long[] shape = [.. slot.Shape];
            using var view = Parameters.narrow(0, slot.Offset, slot.Length).view(shape);
            parameter.set_(view);
            parameter.DetachFromDisposeScope();
            if (Gradient.numel() == 0) continue;
            var gradient = Gradient.narrow(0, slot.Offset, slot.Length).view(shape).DetachFromDisposeScope();
            parameter.grad = gradient;
            gradientViews.Add(gradient);
        }
    }

    /// <summary>An in-place operation returns one more handle to the same tensor, which would wait for the garbage collector.</summary>
    private static void Zero(Tensor flat) => flat.zero_().Dispose();

    private Tensor Zeros(long count) => zeros(count, device: Device).DetachFromDisposeScope();

    private Memory<float> MemoryOf(int buffer) =>
        (memories[buffer] ?? throw new InvalidOperationException(
            $"no host memory: the buffer is on {Device} (Export copies it), or the state was created without gradient and moments")).Memory;
}
