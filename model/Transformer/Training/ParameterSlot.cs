namespace MiniMind.Transformer.Training;

/// <summary>Where one parameter lives in the flat buffers: its Hugging Face name, its shape, and a range in elements.</summary>
public sealed record ParameterSlot(string Name, IReadOnlyList<long> Shape, long Offset, long Length)
{
    /// <summary>The shape as messages print it: "[6400, 128]".</summary>
    public string ShapeText => ShapeToText(Shape);

    internal static string ShapeToText(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
