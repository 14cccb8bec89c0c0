using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using MiniMind.Text;

namespace MiniMind.Transformer.Formats;

/// <summary>
/// A safetensors file opened for reading. The header is checked at once; tensors are read from disk when asked for, so a file
/// larger than memory can be opened.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int MaxHeaderLength = 100_000_000;
    private const int ElementsAtOnce = 1 << 18;
    private readonly SafeFileHandle file;
    private readonly long dataStart;
    private readonly Dictionary<string, TensorEntry> byName;

    private SafetensorsFile(string path, SafeFileHandle file, long dataStart, List<TensorEntry> entries, Dictionary<string, string> metadata)
    {
        Path = path;
        this.file = file;
        this.dataStart = dataStart;
        Entries = entries;
        Metadata = metadata;
        byName = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    public string Path { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>The strings under __metadata__.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <exception cref="InputException">No such file, or a header that the format forbids; file and tensor are named.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            Span<byte> prefix = stackalloc byte[8];
            if (RandomAccess.Read(file, prefix, 0) < 8) throw new InputException($"{path}: expected a safetensors file, found only {length} bytes");
            var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (headerLength > MaxHeaderLength || (long)headerLength > length - 8)
                throw new InputException($"{path}: expected a header of at most {Math.Min(MaxHeaderLength, length - 8)} bytes, found {headerLength}; the file is cut short or no safetensors file");
            var header = new byte[headerLength];
            ReadExactly(path, file, header, 8);
            if (header.Length == 0 || header[0] != '{') throw new InputException($"{path}: expected a safetensors header that begins with '{{'");
            var dataStart = 8 + header.Length;
            var (entries, metadata) = SafetensorsHeader.Parse(path, header, length - dataStart);
            return new SafetensorsFile(path, file, dataStart, entries, metadata);
        }
        catch (Exception failure)
        {
            file?.Dispose();
            if (failure is IOException or UnauthorizedAccessException) throw new InputException($"{path}: cannot be read: {failure.Message}", failure);
            throw;
        }
    }

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <exception cref="InputException">No tensor of that name.</exception>
    public TensorEntry Entry(string name) =>
        byName.GetValueOrDefault(name) ?? throw new InputException($"{Path}: expected a tensor {name}, found none");

    /// <summary>Reads a float tensor as float32; F16 and BF16 are widened exactly.</summary>
    /// <exception cref="InputException">No such tensor, another length, or a tensor of integers.</exception>
    public void ReadFloats(string name, Span<float> destination)
    {
        var entry = Entry(name);
        if (entry.Count != destination.Length)
            throw new InputException($"{Path}: tensor {name}: expected {destination.Length} elements, found {entry.ShapeText}");
        switch (entry.Type)
        {
            case ElementType.F32:
                ReadExactly(Path, file, MemoryMarshal.AsBytes(destination), dataStart + entry.Start);
                break;
            case ElementType.F16 or ElementType.BF16:
                ReadHalves(entry, destination);
                break;
            default:
                throw new InputException($"{Path}: tensor {name}: expected a float type, found {entry.Type}");
        }
    }

    /// <summary>A whole float tensor as float32.</summary>
    public float[] ReadFloats(string name)
    {
        var values = new float[Entry(name).Count];
        ReadFloats(name, values);
        return values;
    }

    /// <summary>A whole tensor of 64-bit integers.</summary>
    /// <exception cref="InputException">No such tensor, or another type.</exception>
    public long[] ReadIntegers(string name)
    {
        var entry = Entry(name);
        if (entry.Type != ElementType.I64) throw new InputException($"{Path}: tensor {name}: expected I64, found {entry.Type}");
        var values = new long[entry.Count];
        ReadExactly(Path, file, MemoryMarshal.AsBytes(values.AsSpan()), dataStart + entry.Start);
        return values;
    }

    public void Dispose() => file.Dispose();

    private void ReadHalves(TensorEntry entry, Span<float> destination)
    {
        var buffer = new ushort[Math.Min(ElementsAtOnce, destination.Length)];
        for (var done = 0; done < destination.Length; done += buffer.Length)
        {
            var part = buffer.AsSpan(0, Math.Min(buffer.Length, destination.Length - done));
            ReadExactly(Path, file, MemoryMarshal.AsBytes(part), dataStart + entry.Start + 2L * done);
            for (var i = 0; i < part.Length; i++)
                destination[done + i] = entry.Type == ElementType.F16
                    ? (float)BitConverter.UInt16BitsToHalf(part[i])
                    : BitConverter.UInt32BitsToSingle((uint)part[i] << 16);
        }
    }

    private static void ReadExactly(string path, SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(file, destination, offset);
            if (read == 0) throw new InputException($"{path}: expected {destination.Length} more bytes at {offset}, found the end of the file");
            destination = destination[read..];
            offset += read;
        }
    }
}
