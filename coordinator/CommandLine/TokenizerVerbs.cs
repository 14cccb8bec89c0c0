using System.CommandLine;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>The verbs of "minimind tokenizer".</summary>
internal static class TokenizerVerbs
{
    public static Command Create(CommandHandlers handlers, Dictionary<Command, string[]> examples) => new("tokenizer", "Train, try and compare tokenizers.")
    {
        Train(handlers, examples),
        Encode(handlers, examples),
        Decode(handlers, examples),
        Evaluate(handlers, examples),
    };

    private static Command Train(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var defaults = new TrainTokenizerOptions { Files = [], Out = "" };
        var files = new Argument<string[]>("FILE") { Description = "Data files of any kind: JSONL or text, compressed or not; patterns such as 'my/*.jsonl'.", Arity = ArgumentArity.OneOrMore };
        var folder = new Option<string>("--out") { Description = "Folder to write tokenizer.json, tokenizer_config.json and special_tokens_map.json to.", HelpName = "DIR", Required = true };
        var size = new Option<int?>("--vocabulary-size") { Description = $"Tokens in all, special tokens and bytes included ({defaults.VocabularySize} if left out).", HelpName = "N", CustomParser = OptionValues.Count };
        var frequency = new Option<int?>("--min-frequency") { Description = $"Pairs seen less often are not merged ({defaults.MinFrequency} if left out).", HelpName = "N", CustomParser = OptionValues.Count };
        var sample = new Option<double>("--sample") { Description = "Part of the texts that is read; which ones is decided by the seed and the texts alone.", HelpName = "PART", CustomParser = OptionValues.Share, DefaultValueFactory = _ => 1 };
        var seed = new Option<ulong>("--seed") { Description = "Another seed takes another sample.", HelpName = "N", CustomParser = OptionValues.Seed, DefaultValueFactory = _ => defaults.Seed };
        var family = new Option<string>("--family") { Description = "Whose special tokens and chat template it gets.", DefaultValueFactory = _ => defaults.Family };
        family.AcceptOnlyFromAmong([.. TokenizerFamilies.Names]);
        var threads = new Option<int?>("--threads") { Description = "Threads that count; the result does not depend on it.", HelpName = "N", CustomParser = OptionValues.Count };
        var skip = new Option<bool>("--skip-bad-lines") { Description = "Leave out lines that cannot be used, and count them." };
        var force = new Option<bool>("--force") { Description = "Replace a tokenizer that is there." };
        var train = new Command("train", "Learn a byte-level BPE vocabulary, with the merges that Hugging Face's trainer finds.") { files, folder, size, frequency, sample, seed, family, threads, skip, force, Verbose() };
        examples[train] = ["minimind tokenizer train my/*.jsonl --out my-tokenizer", "minimind tokenizer train corpus.txt.gz --out big --vocabulary-size 32000 --sample 0.1"];
        train.SetAction((parsed, cancel) => handlers.TrainTokenizer(new TrainTokenizerOptions
        {
            Files = parsed.GetRequiredValue(files), Out = parsed.GetRequiredValue(folder),
            VocabularySize = parsed.GetValue(size) ?? defaults.VocabularySize, MinFrequency = parsed.GetValue(frequency) ?? defaults.MinFrequency,
            Sample = parsed.GetValue(sample), Seed = parsed.GetValue(seed), Family = parsed.GetRequiredValue(family),
            Threads = parsed.GetValue(threads) ?? defaults.Threads, SkipBadLines = parsed.GetValue(skip), Force = parsed.GetValue(force),
        }, cancel));
        return train;
    }

    private static Command Encode(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var (tokenizer, texts) = (Tokenizer(), new Argument<string[]>("TEXT") { Description = "Texts; the lines of the standard input if left out.", Arity = ArgumentArity.ZeroOrMore });
        var tokens = new Option<bool>("--tokens") { Description = "Show each id with its token." };
        var encode = new Command("encode", "Turn text into ids, one line of them for each text.") { texts, tokenizer, tokens, Verbose() };
        examples[encode] = ["minimind tokenizer encode --tokenizer my-tokenizer --tokens '你好, world'", "minimind tokenizer encode --tokenizer my-tokenizer < lines.txt"];
        encode.SetAction((parsed, cancel) => handlers.EncodeText(new ConvertOptions(parsed.GetRequiredValue(tokenizer), parsed.GetValue(texts) ?? [], parsed.GetValue(tokens)), cancel));
        return encode;
    }

    private static Command Decode(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var (tokenizer, ids) = (Tokenizer(), new Argument<string[]>("ID") { Description = "Ids of one text; lines of ids on the standard input if left out.", Arity = ArgumentArity.ZeroOrMore });
        var special = new Option<bool>("--special") { Description = "Keep special tokens, which are otherwise left out." };
        var decode = new Command("decode", "Turn ids into text.") { ids, tokenizer, special, Verbose() };
        examples[decode] = ["minimind tokenizer decode --tokenizer my-tokenizer 1 306 1085 2 --special"];
        decode.SetAction((parsed, cancel) => handlers.DecodeIds(new ConvertOptions(parsed.GetRequiredValue(tokenizer), parsed.GetValue(ids) ?? [], parsed.GetValue(special)), cancel));
        return decode;
    }

    private static Command Evaluate(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var tokenizers = new Argument<string[]>("DIR") { Description = "Tokenizer folders to compare.", Arity = ArgumentArity.OneOrMore };
        var data = new Option<string[]>("--data") { Description = "A data file to measure on, beside short built-in samples; may be repeated.", HelpName = "FILE", DefaultValueFactory = _ => [] };
        var evaluate = new Command("eval", "Measure characters per token on Chinese, English, code and mixed text, of several tokenizers side by side.") { tokenizers, data, Verbose() };
        examples[evaluate] = ["minimind tokenizer eval my-tokenizer other-tokenizer --data my/sft.jsonl"];
        evaluate.SetAction((parsed, cancel) => handlers.EvaluateTokenizers(new EvaluateTokenizerOptions(parsed.GetRequiredValue(tokenizers), parsed.GetValue(data) ?? []), cancel));
        return evaluate;
    }

    private static Option<string> Tokenizer() => new("--tokenizer") { Description = "Folder with a tokenizer.json; any trained model's folder is one.", HelpName = "DIR", Required = true };

    private static Option<bool> Verbose() => new(CommandTree.Verbose) { Description = "Show stack traces." };
}
