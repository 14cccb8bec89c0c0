using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MiniMind.Coordinator.ToyWorld;

/// <summary>Writes one JSON object per line, as UTF-8, with Chinese text readable and "\n" on every machine.</summary>
internal static class JsonLines
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = false };

    public static byte[] Encode<T>(IEnumerable<T> items, Action<Utf8JsonWriter, T> writeProperties)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(bytes, s_options);
        foreach (var item in items)
        {
            json.WriteStartObject();
            writeProperties(json, item);
            json.WriteEndObject();
            json.Flush();
            json.Reset();
            bytes.Write("\n"u8);
        }
        return bytes.WrittenSpan.ToArray();
    }

    public static void WriteMessages(Utf8JsonWriter json, string property, IEnumerable<Message> messages)
    {
        json.WriteStartArray(property);
        foreach (var message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.Role);
            json.WriteString("content", message.Content);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
