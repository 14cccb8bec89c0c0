using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Tokenization;

public sealed class BpeTrainerTests
{
    private static readonly BpeTrainerOptions Plain = new() { SpecialTokens = [], AllBytes = false, MinFrequency = 0, VocabularySize = 100 };

    private static string Merges(TrainedVocabulary vocabulary) =>
        string.Join(", ", vocabulary.Merges.Select(merge => $"{merge.Left} {merge.Right}"));

    private static IEnumerable<string> Lines(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            int end = text.IndexOf('\n', at);
            end = end < 0 ? text.Length : end + 1;
            yield return text[at..end];
            at = end;
        }
    }

    [Fact]
    public void Train_reference_corpus_gives_reference_merges()
    {
        RequireMerges(ReferenceFiles.Lines("bpe-merges.txt"), ReferenceFiles.Text("bpe-corpus.txt"));
        if (!SharedFiles.Exist) return;
        RequireMerges(SharedFiles.Text("golden/text/bpe-merges.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries), SharedFiles.Text("golden/text/bpe-corpus.txt"));
    }

    [Fact]
    public void Train_with_special_tokens_and_all_bytes_gives_the_reference_vocabulary()
    {
        var reference = TokenizerFile.Read(ReferenceFiles.Tokenizer);
        var options = new BpeTrainerOptions { VocabularySize = reference.Vocabulary.Count };
        var vocabulary = BpeTrainer.Train(Lines(ReferenceFiles.Text("bpe-corpus.txt")), options);
        Assert.Equal(reference.Merges, vocabulary.Merges);
        Assert.Equal(reference.Vocabulary.OrderBy(entry => entry.Value).Select(entry => entry.Key), vocabulary.Tokens);
    }

    [Fact]
    public void Train_ties_go_to_the_smaller_ids() => Assert.StartsWith("a b, c d, ab cd", Merges(BpeTrainer.Train(["abcd"], Plain with { VocabularySize = 7 })));

    [Fact]
    public void Train_overlaps_merge_left_to_right()
    {
        var vocabulary = BpeTrainer.Train(["aaaaa"], Plain);
        Assert.Equal("a a, aa a, aa aaa", Merges(vocabulary));
    }

    [Fact]
    public void Train_stops_below_the_minimum_frequency() =>
        Assert.Equal("a b", Merges(BpeTrainer.Train(["ab", "ab", "cd"], Plain with { MinFrequency = 2 })));

    [Fact]
    public void Train_default_has_minimind3s_special_tokens_then_bytes_at_fixed_ids()
    {
        var vocabulary = BpeTrainer.Train(["hello hello"], new BpeTrainerOptions());
        Assert.Equal(("<|endoftext|>", "<|im_start|>", "<|im_end|>"), (vocabulary.Tokens[0], vocabulary.Tokens[1], vocabulary.Tokens[2]));
        Assert.Equal(("<tool_call>", "<think>", "</think>"), (vocabulary.Tokens[21], vocabulary.Tokens[25], vocabulary.Tokens[26]));
        Assert.Equal(("<|buffer9|>", "!", "\u0143"), (vocabulary.Tokens[35], vocabulary.Tokens[36], vocabulary.Tokens[36 + 255]));
        Assert.Equal(vocabulary.Tokens.Count, vocabulary.Tokens.Distinct().Count());
    }

    [Fact]
    public void Train_special_tokens_equal_minimind3s_own()
    {
        using var file = System.Text.Json.JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Tokenizer));
        var theirs = file.RootElement.GetProperty("added_tokens").EnumerateArray()
            .Select(token => new SpecialToken(token.GetProperty("content").GetString()!, token.GetProperty("special").GetBoolean()));
        Assert.Equal(theirs, SpecialToken.MiniMind3);
    }

    [Fact]
    public void Train_reports_progress_up_to_the_last_token()
    {
        var progress = new Reports();
        var vocabulary = BpeTrainer.Train(Enumerable.Range(0, 300).Select(RandomText.Make), new BpeTrainerOptions { VocabularySize = 700 }, progress);
        Assert.Equal(vocabulary.Tokens.Count, progress.Seen[^1]);
        Assert.Equal(progress.Seen.Order(), progress.Seen);
    }

    /// <summary>Ties are decided by ids, and ids by counts: nothing is left to the order in which words came or threads counted.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Train_gives_one_result_for_any_order_of_texts_and_any_number_of_threads(int threads)
    {
        var random = new Random(threads);
        string[] texts = [.. Enumerable.Range(0, 3000).Select(_ => string.Join(' ', Enumerable.Range(0, 12).Select(_ => $"w{random.Next(60)}{(char)('a' + random.Next(4))}好{random.Next(9)}")))];
        string expected = Merges(BpeTrainer.Train(texts, new BpeTrainerOptions { VocabularySize = 500, Threads = 1 }));
        random.Shuffle(texts);
        Assert.Equal(expected, Merges(BpeTrainer.Train(texts, new BpeTrainerOptions { VocabularySize = 500, Threads = threads })));
    }

    [Fact]
    public void A_sample_is_decided_by_seed_and_text_alone()
    {
        string[] texts = [.. Enumerable.Range(0, 2000).Select(number => $"text {number}")];
        var options = new BpeTrainerOptions { Sample = 0.25 };
        var taken = texts.Where(options.Takes).ToList();
        Assert.InRange(taken.Count, 420, 580);
        Assert.Equal(taken, texts.Reverse().Where(options.Takes).Reverse());
        Assert.NotEqual(taken, texts.Where((options with { Seed = 43 }).Takes));
        Assert.Equal(texts, texts.Where((options with { Sample = 1 }).Takes));
        Assert.Equal(
            Merges(BpeTrainer.Train(taken, new BpeTrainerOptions { VocabularySize = 320 })),
            Merges(BpeTrainer.Train(texts, options with { VocabularySize = 320 })));
    }

    [Fact]
    public void A_fault_in_the_texts_reaches_the_caller()
    {
        static IEnumerable<string> Texts()
        {
            for (int number = 0; number < 100_000; number++) yield return $"text number {number}";
            throw new InputException("line 7 is bad");
        }

        Assert.Equal("line 7 is bad", Assert.Throws<InputException>(() => BpeTrainer.Train(Texts(), new BpeTrainerOptions())).Message);
    }

    [Fact]
    public void Save_of_the_older_family_gives_its_special_tokens_and_template()
    {
        using var folder = new TemporaryFolder();
        BpeTrainer.Train(["hello hello world"], new BpeTrainerOptions { SpecialTokens = TokenizerFamilies.SpecialTokens("minimind2") }).Save(folder.Path);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal((TokenizerFamily.MiniMind2, 1, 2, 0), (tokenizer.Family, tokenizer.BeginningOfSequence, tokenizer.EndOfSequence, tokenizer.Padding));
        using var configuration = System.Text.Json.JsonDocument.Parse(File.ReadAllText(folder.File("tokenizer_config.json")));
        Assert.Contains("<s>user", configuration.RootElement.GetProperty("chat_template").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void Options_a_sample_that_is_no_part_is_refused(double sample) =>
        Assert.Contains("sample", Assert.Throws<InputException>(() => BpeTrainer.Train([], new BpeTrainerOptions { Sample = sample })).Message);

    [Fact]
    public void Options_too_small_a_vocabulary_is_refused() =>
        Assert.Contains("at least 292", Assert.Throws<InputException>(() => BpeTrainer.Train([], new BpeTrainerOptions { VocabularySize = 100 })).Message);

    [Fact]
    public void Options_repeated_special_token_is_refused() =>
        Assert.Contains("\"<x>\"", Assert.Throws<InputException>(() => BpeTrainer.Train([], new BpeTrainerOptions { SpecialTokens = [new("<x>", true), new("<x>", true)] })).Message);

    [Fact]
    public void Save_twice_gives_the_same_bytes_and_no_leftovers()
    {
        using var folder = new TemporaryFolder();
        var vocabulary = BpeTrainer.Train(["hello hello world"], new BpeTrainerOptions());
        vocabulary.Save(folder.Path);
        string first = Tokenizer.Load(folder.Path).Sha256;
        vocabulary.Save(folder.Path);
        Assert.Equal(first, Tokenizer.Load(folder.Path).Sha256);
        Assert.Equal(3, Directory.GetFiles(folder.Path).Length);
    }

    private static void RequireMerges(string[] expected, string corpus)
    {
        int bytes = System.Text.Encoding.UTF8.GetBytes(corpus).Distinct().Count();
        var vocabulary = BpeTrainer.Train(Lines(corpus), Plain with { VocabularySize = bytes + expected.Length });
        Assert.Equal(expected, vocabulary.Merges.Select(merge => $"{merge.Left} {merge.Right}"));
    }

    private sealed class Reports : IProgress<int>
    {
        public List<int> Seen { get; } = [];

        public void Report(int value) => Seen.Add(value);
    }
}
