using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>How well a tokenizer does on texts.</summary>
public sealed class TokenizerStatistics(Tokenizer tokenizer)
{
    private readonly bool[] _used = new bool[tokenizer.VocabularySize];
    private readonly List<int> _ids = [];

    /// <summary>Texts, in characters (code points).</summary>
    public long Characters { get; private set; }

    /// <summary>Texts, in bytes of UTF-8.</summary>
    public long Bytes { get; private set; }

    /// <summary>Tokens that they take.</summary>
    public long Tokens { get; private set; }

    /// <summary>Texts that do not come back as they were, lone halves of surrogate pairs aside.</summary>
    public long Lossy { get; private set; }

    /// <summary>Different tokens that occurred.</summary>
    public int TokensUsed => _used.Count(used => used);

    /// <summary>The figure that vocabularies are compared by: more is shorter, and cheaper.</summary>
    public double CharactersPerToken => Tokens == 0 ? 0 : (double)Characters / Tokens;

    public double BytesPerToken => Tokens == 0 ? 0 : (double)Bytes / Tokens;

    public void Add(string text)
    {
        _ids.Clear();
        tokenizer.Encode(text, _ids);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Bytes += bytes.Length;
        foreach (byte value in bytes) Characters += (value & 0xC0) == 0x80 ? 0 : 1;
        Tokens += _ids.Count;
        foreach (int id in _ids) _used[id] = true;
        if (tokenizer.Decode(_ids, skipSpecial: false) != Encoding.UTF8.GetString(bytes)) Lossy++;
    }
}
