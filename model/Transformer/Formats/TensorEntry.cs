using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Formats;

/// <summary>Element types of safetensors files that are read here.</summary>
public enum ElementType
{
    F32,
    F16,
    BF16,
    I64,
}

/// <summary>One tensor of a safetensors file: where its elements lie, in bytes from the start of the data section.</summary>
public sealed record TensorEntry(string Name, ElementType Type, IReadOnlyList<long> Shape, long Start, long End)
{
    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>The shape as messages print it: "[6400, 128]".</summary>
    public string ShapeText => ParameterSlot.ShapeToText(Shape);

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(ElementType type) => type switch { ElementType.F32 => 4, ElementType.I64 => 8, _ => 2 };
}
