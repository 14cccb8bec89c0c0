using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>
/// Takes rows, with a backward that takes rows too: both are index_select, which is fast and reproducible, while the backward of
/// index_select itself adds row by row (or with atomic additions on a GPU).
/// </summary>
public sealed class RowExchange : autograd.SingleTensorFunction<RowExchange>
{
    public override string Name => nameof(RowExchange);

    /// <param name="source">[R, W].</param>
    /// <param name="taken">[Q] rows of <paramref name="source"/>, in the order of the result.</param>
    /// <param name="back">[R] where in the result each row of <paramref name="source"/> stands; any place for the <paramref name="unused"/>.</param>
    /// <param name="unused">Rows of <paramref name="source"/> whose gradient is zero.</param>
    /// <returns>[Q, W], fresh.</returns>
    public static Tensor Take(Tensor source, Tensor taken, Tensor back, Tensor? unused = null) => apply(source, taken, back, unused ?? taken.narrow(0, 0, 0));

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_for_backward([(Tensor)vars[2], (Tensor)vars[3]]);
        return ((Tensor)vars[0]).index_select(0, (Tensor)vars[1]);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        var gradient = grad_output.index_select(0, saved[0]);
        if (saved[1].numel() > 0) gradient.index_fill_(0, saved[1], 0);
        return [gradient, null!, null!, null!];
    }
}
