using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// Turns ids into text as they come. A character whose bytes span several tokens appears with its last one, never in halves.
/// Not thread-safe: one per stream.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecial;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    internal StreamingDecoder(Tokenizer tokenizer, bool skipSpecial) => (_tokenizer, _skipSpecial) = (tokenizer, skipSpecial);

    /// <summary>The text that <paramref name="id"/> completes; empty while a character is still open or when a special token is skipped.</summary>
    public string Append(int id) => Read(_tokenizer.BytesOf(id, _skipSpecial), flush: false);

    /// <summary>Ends the stream: bytes of an unfinished character come out as U+FFFD. The decoder can then be used again.</summary>
    public string Flush() => Read([], flush: true);

    private string Read(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[_decoder.GetCharCount(bytes, flush)];
        int count = _decoder.GetChars(bytes, chars, flush);
        return new string(chars, 0, count);
    }
}
