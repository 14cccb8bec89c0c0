using System.Runtime.Intrinsics;
using MiniMind.Transformer.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Kernels;

/// <summary>
/// silu(gate) · up and its backward, each in one pass over memory on the CPU. libtorch's own operations make five, and keep
/// silu(gate) besides.
/// </summary>
public sealed unsafe class SwiGlu : autograd.SingleTensorFunction<SwiGlu>
{
    private const int BlockSize = 1 << 14;

    public override string Name => nameof(SwiGlu);

    /// <param name="gate">[N, F].</param>
    /// <param name="up">[N, F].</param>
    /// <returns>[N, F], a fresh tensor.</returns>
    public static Tensor Of(Tensor gate, Tensor up)
    {
        if (gate.device_type != DeviceType.CPU) return nn.functional.silu(gate) * up;
        return is_grad_enabled() ? apply(gate, up) : Compute(gate, up);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (gate, up) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([gate, up]);
        return Compute(gate, up);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        using var output = grad_output.contiguous();
        var gateGradient = empty_like(saved[0]);
        var upGradient = empty_like(saved[1]);
        nint g = Floats.AddressOf(saved[0]), u = Floats.AddressOf(saved[1]), o = Floats.AddressOf(output);
        nint gg = Floats.AddressOf(gateGradient), ug = Floats.AddressOf(upGradient);
        ForBlocks(output.numel(), (offset, length) => Backward(
            (float*)g + offset, (float*)u + offset, (float*)o + offset, (float*)gg + offset, (float*)ug + offset, length));
        return [gateGradient, upGradient];
    }

    private static Tensor Compute(Tensor gate, Tensor up)
    {
        var result = empty_like(gate);
        nint g = Floats.AddressOf(gate), u = Floats.AddressOf(up), r = Floats.AddressOf(result);
        ForBlocks(gate.numel(), (offset, length) => Forward((float*)g + offset, (float*)u + offset, (float*)r + offset, length));
        return result;
    }

    private static void ForBlocks(long count, Action<long, int> block) =>
        FixedBlocks.For(FixedBlocks.Count(count, BlockSize), index =>
        {
            var offset = (long)index * BlockSize;
            block(offset, (int)Math.Min(BlockSize, count - offset));
        });

    private static void Forward(float* gate, float* up, float* result, int length)
    {
        var i = 0;
        for (; i + Vector512<float>.Count <= length; i += Vector512<float>.Count)
        {
            var g = Vector512.Load(gate + i);
            (g / (Vector512<float>.One + Vector512.Exp(-g)) * Vector512.Load(up + i)).Store(result + i);
        }

        for (; i < length; i++) result[i] = gate[i] / (1 + MathF.Exp(-gate[i])) * up[i];
    }

    private static void Backward(float* gate, float* up, float* output, float* gateGradient, float* upGradient, int length)
    {
        var one = Vector512<float>.One;
        var i = 0;
        for (; i + Vector512<float>.Count <= length; i += Vector512<float>.Count)
        {
            var g = Vector512.Load(gate + i);
            var o = Vector512.Load(output + i);
            var sigmoid = one / (one + Vector512.Exp(-g));
            (o * g * sigmoid).Store(upGradient + i);
            (o * Vector512.Load(up + i) * sigmoid * (one + g * (one - sigmoid))).Store(gateGradient + i);
        }

        for (; i < length; i++)
        {
            var sigmoid = 1 / (1 + MathF.Exp(-gate[i]));
            upGradient[i] = output[i] * gate[i] * sigmoid;
            gateGradient[i] = output[i] * up[i] * sigmoid * (1 + gate[i] * (1 - sigmoid));
        }
    }
}
