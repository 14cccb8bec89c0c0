using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests;

/// <summary>Tokenizers for tests: two small ones made here, one of each family, and MiniMind's own where ../shared is.</summary>
internal static class TestTokenizers
{
    private static readonly string[] Corpus =
    [
        "The quick brown fox jumps over the lazy dog; the other dog sleeps.",
        "user assistant system tool user assistant system tool 12345 2024",
        "北京是中国的首都。上海是一座城市。北京和上海都是城市。",
        "def add(a, b):\n    return a + b\n\n\n\tprint(add(1, 2))\n",
    ];

    private static readonly Lazy<Tokenizer> SmallChatML = new(() => Make(SpecialToken.MiniMind3, null));

    private static readonly Lazy<Tokenizer> SmallSentence = new(() => Make(
        [new SpecialToken("<unk>", true), new SpecialToken("<s>", true), new SpecialToken("</s>", true)],
        """{"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": "<unk>"}"""));

    /// <summary>MiniMind-3's special tokens and a few merges.</summary>
    public static Tokenizer ChatML => SmallChatML.Value;

    /// <summary>minimind2's special tokens and a few merges.</summary>
    public static Tokenizer Sentence => SmallSentence.Value;

    /// <summary>Both small ones, and MiniMind's own where they are.</summary>
    public static IEnumerable<Tokenizer> All()
    {
        yield return ChatML;
        yield return Sentence;
        if (!SharedFiles.Exist) yield break;
        yield return Tokenizer.Load(SharedFiles.Tokenizer("minimind-3"));
        yield return Tokenizer.Load(SharedFiles.Tokenizer("minimind2"));
    }

    /// <summary>A tokenizer with these special tokens and a few merges; the family's own names where there is no configuration.</summary>
    public static Tokenizer Make(IReadOnlyList<SpecialToken> special, string? configuration)
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        var options = new BpeTrainerOptions { SpecialTokens = special, VocabularySize = special.Count + 256 + 80 };
        BpeTrainer.Train(Corpus, options).Save(folder.Path);
        if (configuration is not null) folder.Write("tokenizer_config.json", configuration);
        return Tokenizer.Load(folder.Path);
    }
}
