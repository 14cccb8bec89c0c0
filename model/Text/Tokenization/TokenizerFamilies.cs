namespace MiniMind.Text.Tokenization;

/// <summary>MiniMind's generations of tokenizers by name.</summary>
public static class TokenizerFamilies
{
    private const string Newest = "minimind-3";
    private const string Older = "minimind2";

    /// <summary>The first one is the default.</summary>
    public static readonly IReadOnlyList<string> Names = [Newest, Older];

    /// <param name="name">One of <see cref="Names"/>.</param>
    public static IReadOnlyList<SpecialToken> SpecialTokens(string name) => name switch
    {
        Newest => SpecialToken.MiniMind3,
        Older => SpecialToken.MiniMind2,
        _ => throw new InputException($"No tokenizer family \"{name}\": expected {string.Join(" or ", Names)}."),
    };
}
