using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MiniMind.Transformer.Formats;

/// <summary>A tensor to be written: float32 elements, row-major.</summary>
public sealed record TensorToWrite(string Name, IReadOnlyList<long> Shape, ReadOnlyMemory<float> Values);

/// <summary>Writes safetensors files: streamed, in the order given, the same bytes for the same input.</summary>
public static class SafetensorsWriter
{
    private const int FloatsAtOnce = 1 << 20;

    /// <summary>
    /// Writes <paramref name="tensors"/> as F32. The file appears complete or not at all (temporary file in the same folder, flushed
    /// to the disk, renamed); an existing one is replaced.
    /// </summary>
    /// <param name="path">Where.</param>
    /// <param name="tensors">What, in this order.</param>
    /// <param name="metadata">More strings for __metadata__, beside "format": "pt".</param>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written; nothing is left behind.</exception>
    public static void Write(string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var strings = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>()) { ["format"] = "pt" };
        var header = SafetensorsHeader.Write(Layout(tensors), strings);
        AtomicFile.Write(path, file =>
        {
            Span<byte> prefix = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
            file.Write(prefix);
            file.Write(header);
            foreach (var tensor in tensors) WriteValues(file, tensor.Values);
        });
    }

    private static List<TensorEntry> Layout(IReadOnlyList<TensorToWrite> tensors)
    {
        var entries = new List<TensorEntry>();
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            var entry = new TensorEntry(tensor.Name, ElementType.F32, tensor.Shape, offset, offset + sizeof(float) * (long)tensor.Values.Length);
            if (entry.Count != tensor.Values.Length)
                throw new ArgumentException($"tensor {tensor.Name}: shape {entry.ShapeText} has {entry.Count} elements, found {tensor.Values.Length}", nameof(tensors));
            entries.Add(entry);
            offset = entry.End;
        }

        return entries;
    }

    private static void WriteValues(FileStream file, ReadOnlyMemory<float> values)
    {
        for (; values.Length > FloatsAtOnce; values = values[FloatsAtOnce..]) file.Write(MemoryMarshal.AsBytes(values.Span[..FloatsAtOnce]));
        file.Write(MemoryMarshal.AsBytes(values.Span));
    }
}
