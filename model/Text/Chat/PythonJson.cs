using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MiniMind.Text.Chat;

/// <summary>
/// JSON as Python's <c>json.dumps(value, ensure_ascii=False)</c> prints it, which is what <c>tojson</c> does in a chat template:
/// ", " and ": " between parts, nothing escaped but what must be.
/// </summary>
internal static class PythonJson
{
    public static void Write(StringBuilder output, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteMany(output, '{', value.EnumerateObject(), WriteMember, '}');
                break;
            case JsonValueKind.Array:
                WriteMany(output, '[', value.EnumerateArray(), Write, ']');
                break;
            case JsonValueKind.String:
                WriteText(output, value.GetString()!);
                break;
            case JsonValueKind.Number:
                output.Append(Number(value.GetRawText()));
                break;
            default:
                output.Append(value.GetRawText());
                break;
        }
    }

    private static void WriteMany<T>(StringBuilder output, char open, IEnumerable<T> parts, Action<StringBuilder, T> write, char close)
    {
        output.Append(open);
        bool first = true;
        foreach (var part in parts)
        {
            if (!first) output.Append(", ");
            first = false;
            write(output, part);
        }

        output.Append(close);
    }

    private static void WriteMember(StringBuilder output, JsonProperty member)
    {
        WriteText(output, member.Name);
        output.Append(": ");
        Write(output, member.Value);
    }

    private static void WriteText(StringBuilder output, string text)
    {
        output.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => output.Append("\\\""),
                '\\' => output.Append("\\\\"),
                '\n' => output.Append("\\n"),
                '\r' => output.Append("\\r"),
                '\t' => output.Append("\\t"),
                '\b' => output.Append("\\b"),
                '\f' => output.Append("\\f"),
                < ' ' => output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => output.Append(c),
            };
        }

        output.Append('"');
    }

    /// <summary>Integers stay as written. Others become Python's repr of the nearest double: 1.50 is 1.5, 1e3 is 1000.0, 1e16 is 1e+16.</summary>
    private static string Number(string raw)
    {
        if (raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0) return raw == "-0" ? "0" : raw;
        double value = double.Parse(raw, CultureInfo.InvariantCulture);
        if (double.IsInfinity(value)) return value > 0 ? "Infinity" : "-Infinity";
        string sign = double.IsNegative(value) ? "-" : "";
        return value == 0 ? sign + "0.0" : sign + Positive(Math.Abs(value));
    }

    private static string Positive(double value)
    {
        // The shortest digits that read back as the same double, and where their point belongs: d.ddd times 10 to the exponent.
        string[] parts = value.ToString("R", CultureInfo.InvariantCulture).Split('E');
        int point = parts[0].IndexOf('.', StringComparison.Ordinal);
        string digits = parts[0].Replace(".", "", StringComparison.Ordinal);
        int exponent = (point < 0 ? digits.Length : point) - 1 + (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        exponent -= digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');

        if (exponent is < -4 or >= 16)
        {
            string mantissa = digits.Length > 1 ? $"{digits[0]}.{digits[1..]}" : digits;
            return $"{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0) return "0." + new string('0', -exponent - 1) + digits;
        digits = digits.PadRight(exponent + 2, '0');
        return $"{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }
}
