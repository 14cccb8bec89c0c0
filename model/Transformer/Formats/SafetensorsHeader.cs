using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using MiniMind.Text;

namespace MiniMind.Transformer.Formats;

/// <summary>
/// The JSON header of a safetensors file: name to dtype, shape and offsets. Source: huggingface/safetensors, "Format": the
/// data of the tensors covers the rest of the file without holes or overlap.
/// </summary>
internal static class SafetensorsHeader
{
    private const string MetadataKey = "__metadata__";
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Header bytes, padded with spaces to a multiple of 8; the entries' order is kept, so equal input gives equal bytes.</summary>
    public static byte[] Write(IReadOnlyList<TensorEntry> entries, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataKey);
            foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
            json.WriteEndObject();
            foreach (var entry in entries) WriteEntry(json, entry);
            json.WriteEndObject();
        }

        var padding = -buffer.WrittenCount & 7;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Entries in the order of their data, and the metadata.</summary>
    /// <param name="path">Named in messages.</param>
    /// <param name="header">The JSON.</param>
    /// <param name="dataLength">Bytes that follow the header in the file.</param>
    /// <exception cref="InputException">Anything that the format forbids; file and tensor are named.</exception>
    public static (List<TensorEntry> Entries, Dictionary<string, string> Metadata) Parse(string path, ReadOnlyMemory<byte> header, long dataLength)
    {
        try
        {
            using var json = JsonDocument.Parse(header);
            var entries = new List<TensorEntry>();
            var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name != MetadataKey) entries.Add(ParseEntry(path, property.Name, property.Value));
                else foreach (var pair in property.Value.EnumerateObject()) metadata[pair.Name] = pair.Value.GetString() ?? "";
            }

            entries.Sort((left, right) => left.Start != right.Start ? left.Start.CompareTo(right.Start) : left.End.CompareTo(right.End));
            RequireCover(path, entries, dataLength);
            return (entries, metadata);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}: expected a safetensors header in JSON, found something else: {failure.Message}", failure);
        }
    }

    private static void WriteEntry(Utf8JsonWriter json, TensorEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", entry.Type.ToString());
        json.WriteStartArray("shape");
        foreach (var size in entry.Shape) json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(entry.Start);
        json.WriteNumberValue(entry.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static TensorEntry ParseEntry(string path, string name, JsonElement value)
    {
        var place = $"{path}: tensor {name}";
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("dtype", out var dtype)
            || !value.TryGetProperty("shape", out var shape) || !value.TryGetProperty("data_offsets", out var offsets))
            throw new InputException($"{place}: expected dtype, shape and data_offsets in the header");
        if (!Enum.TryParse<ElementType>(dtype.GetString(), out var type) || !Enum.IsDefined(type) || type.ToString() != dtype.GetString())
            throw new InputException($"{place}: expected dtype {string.Join(", ", Enum.GetNames<ElementType>())}, found {dtype}");
        var sizes = Numbers(place, "shape", shape);
        var range = Numbers(place, "data_offsets", offsets);
        if (range.Length != 2 || range[1] < range[0])
            throw new InputException($"{place}: expected data_offsets [start, end], found {offsets}");
        var entry = new TensorEntry(name, type, sizes, range[0], range[1]);
        var expected = ByteLength(place, entry);
        if (range[1] - range[0] != expected)
            throw new InputException($"{place}: expected {expected} bytes for {type} {entry.ShapeText}, found {range[1] - range[0]}");
        return entry;
    }

    private static long ByteLength(string place, TensorEntry entry)
    {
        try
        {
            return checked(entry.Shape.Aggregate(1L, (product, size) => checked(product * size)) * TensorEntry.SizeOf(entry.Type));
        }
        catch (OverflowException)
        {
            throw new InputException($"{place}: expected a shape that fits in memory, found {entry.ShapeText}");
        }
    }

    private static long[] Numbers(string place, string key, JsonElement array)
    {
        if (array.ValueKind != JsonValueKind.Array) throw new InputException($"{place}: expected {key} to be a list, found {array}");
        var numbers = new List<long>();
        foreach (var element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out var number) || number < 0)
                throw new InputException($"{place}: expected whole numbers from 0 in {key}, found {element}");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void RequireCover(string path, List<TensorEntry> entries, long dataLength)
    {
        var end = 0L;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (!names.Add(entry.Name)) throw new InputException($"{path}: tensor {entry.Name}: expected once, found twice");
            if (entry.Start != end)
                throw new InputException($"{path}: tensor {entry.Name}: expected its data at offset {end}, found {entry.Start} ({(entry.Start < end ? "overlap" : "hole")})");
            end = entry.End;
        }

        if (end != dataLength)
            throw new InputException($"{path}: expected {end} bytes of tensor data, found {dataLength}{(dataLength < end ? "; the file is cut short: copy or write it again" : "")}");
    }
}
