using System.Security.Cryptography;
using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// A byte-level BPE tokenizer from Hugging Face files, with the ids of Hugging Face's own library. Encoding is thread-safe.
/// </summary>
public sealed class Tokenizer
{
    private const int MostKept = 1 << 20;

    [ThreadStatic]
    private static List<int>? t_ids;

    private readonly PieceSplitter _splitter;
    private readonly PieceEncoder _pieces;
    private readonly Dictionary<string, int> _added;
    private readonly HashSet<int> _special;
    private readonly byte[]?[] _bytes;

    private Tokenizer(TokenizerFile file, string path)
    {
        _added = file.AddedTokens.ToDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);
        _special = file.AddedTokens.Where(token => token.Special).Select(token => token.Id).ToHashSet();
        _splitter = new PieceSplitter(_added, file.PieceExpression);
        _pieces = new PieceEncoder(file.Vocabulary, file.Merges);
        _bytes = BytesOfTokens(file);
        Files = FilesBeside(path);
        Family = FamilyOf(_added, file.Vocabulary);
        Sha256 = HashOf(Files);
        var names = SpecialTokenNames.Read(Files.Skip(1), Family);
        BeginningOfSequence = IdOf(names.BeginningOfSequence, "bos_token", file, path);
        EndOfSequence = IdOf(names.EndOfSequence, "eos_token", file, path);
        Padding = IdOf(names.Padding, "pad_token", file, path);
    }

    /// <summary>Ids run from 0 to VocabularySize - 1, added tokens included.</summary>
    public int VocabularySize => _bytes.Length;

    public TokenizerFamily Family { get; }

    /// <summary>Id of the token that begins a document (minimind-3: 1).</summary>
    public int BeginningOfSequence { get; }

    /// <summary>Id of the token that ends a document (minimind-3: 2).</summary>
    public int EndOfSequence { get; }

    /// <summary>Id that fills up sequences (minimind-3: 0). The end-of-sequence token where the files name none.</summary>
    public int Padding { get; }

    /// <summary>Full paths of tokenizer.json, tokenizer_config.json and special_tokens_map.json, those that exist: what a checkpoint carries.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Lower-case hex SHA-256 over the names and bytes of <see cref="Files"/>.</summary>
    public string Sha256 { get; }

    /// <summary>Reads a folder with a tokenizer.json, or the file itself; its neighbours tell the special tokens.</summary>
    /// <exception cref="InputException">Not there, or not a byte-level BPE that gives the reference's ids here.</exception>
    public static Tokenizer Load(string path)
    {
        string file = Path.GetFullPath(Directory.Exists(path) ? Path.Combine(path, "tokenizer.json") : path);
        if (!File.Exists(file))
            throw new InputException($"{path}: expected a folder with a tokenizer.json, or that file, and found none.");
        return new Tokenizer(TokenizerFile.Read(file), file);
    }

    /// <summary>
    /// The ids of <paramref name="text"/>: added tokens inside it are recognised, none are put around it. Halves of surrogate pairs
    /// count as U+FFFD. Time grows nearly linearly, whatever the text.
    /// </summary>
    public int[] Encode(string text)
    {
        var ids = t_ids ??= [];
        ids.Clear();
        Encode(text, ids);
        int[] result = [.. ids];
        // One huge text must not keep its memory for the thread's life.
        if (ids.Capacity > MostKept) t_ids = null;
        return result;
    }

    /// <summary>Appends the ids of <paramref name="text"/> to a list.</summary>
    public void Encode(string text, List<int> ids) => _splitter.Split(ReplaceLoneSurrogates(text), new Sink(_pieces, ids));

    /// <summary>The text of <paramref name="ids"/>; invalid UTF-8 becomes U+FFFD.</summary>
    /// <param name="ids">Token ids; those that no token has give no text.</param>
    /// <param name="skipSpecial">Leaves out tokens that the file marks special. Added tokens that are not (think, tool call) stay.</param>
    public string Decode(IEnumerable<int> ids, bool skipSpecial = true)
    {
        var bytes = new List<byte>();
        foreach (int id in ids) bytes.AddRange(BytesOf(id, skipSpecial));
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>Starts decoding a stream of ids.</summary>
    public StreamingDecoder NewStreamingDecoder(bool skipSpecial = true) => new(this, skipSpecial);

    /// <summary>Whether a text is one added token: merges never touch it, so it is the same id wherever it stands.</summary>
    public bool IsAddedToken(string content) => _added.ContainsKey(content);

    /// <summary>The bytes that a token stands for; none for an id without a token.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => BytesOf(id, skipSpecial: false);

    internal ReadOnlySpan<byte> BytesOf(int id, bool skipSpecial) =>
        id < 0 || id >= _bytes.Length || (skipSpecial && _special.Contains(id)) ? [] : _bytes[id];

    private static string ReplaceLoneSurrogates(string text)
    {
        int at = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        return at < 0 ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }

    private static byte[]?[] BytesOfTokens(TokenizerFile file)
    {
        int highest = Math.Max(file.Vocabulary.Values.DefaultIfEmpty(-1).Max(), file.AddedTokens.Select(token => token.Id).DefaultIfEmpty(-1).Max());
        var bytes = new byte[]?[highest + 1];
        foreach (var (token, id) in file.Vocabulary) bytes[id] = ByteAlphabet.BytesOf(token);
        foreach (var token in file.AddedTokens) bytes[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        return bytes;
    }

    private static TokenizerFamily FamilyOf(Dictionary<string, int> added, IReadOnlyDictionary<string, int> vocabulary)
    {
        bool Has(string token) => added.ContainsKey(token) || vocabulary.ContainsKey(token);
        return !Has("<|im_start|>") && Has("<s>") && Has("</s>") ? TokenizerFamily.MiniMind2 : TokenizerFamily.MiniMind3;
    }

    private int IdOf(string token, string key, TokenizerFile file, string path) =>
        _added.TryGetValue(token, out int id) || file.Vocabulary.TryGetValue(token, out id)
            ? id
            : throw new InputException(
                $"{path}: {key} is \"{token}\", which the vocabulary lacks. Name an existing token as {key} in the tokenizer_config.json beside it.");

    private static List<string> FilesBeside(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        string[] names = ["tokenizer_config.json", "special_tokens_map.json"];
        return [path, .. names.Select(name => Path.Combine(folder, name)).Where(File.Exists)];
    }

    private static string HashOf(IEnumerable<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in files)
        {
            byte[] bytes = File.ReadAllBytes(file);
            // Name and length first, so that no two sets of files read as the same bytes.
            hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(file)}\n{bytes.Length}\n"));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private readonly struct Sink(PieceEncoder pieces, List<int> ids) : IPieceSink
    {
        public void Take(ReadOnlySpan<char> piece) => pieces.Encode(piece, ids);

        public void TakeAdded(int id) => ids.Add(id);
    }
}
