using System.CommandLine;
using MiniMind.Coordinator.Ingestion;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>The verbs of "minimind data".</summary>
internal static class DataCommands
{
    public static Command Create(CommandHandlers handlers, Dictionary<Command, string[]> examples) => new("data", "Make, check, split and encode training data.")
    {
        Sample(handlers, examples),
        Download(handlers, examples),
        Check(handlers, examples),
        Split(handlers, examples),
        Encode(handlers, examples),
        Cache(handlers, examples),
    };

    private static Command Sample(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var folder = new Option<string>("--out") { Description = "Folder to write to.", HelpName = "DIR", Required = true };
        var seed = SeedOption("The same seed gives the same bytes.");
        var force = new Option<bool>("--force") { Description = "Replace a world of another seed that is there." };
        var sample = new Command("sample", "Write a small bilingual toy world: training data of every kind, and held-out questions.") { folder, seed, force, VerboseOption() };
        examples[sample] = ["minimind data sample --out runs/toy --seed 7"];
        sample.SetAction((parsed, cancel) => handlers.WriteSample(new SampleOptions(parsed.GetRequiredValue(folder), parsed.GetValue(seed), parsed.GetValue(force)), cancel));
        return sample;
    }

    private static Command Download(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var defaults = new DownloadOptions { Names = [] };
        var names = new Argument<string[]>("NAME") { Description = "Names of published files; all are listed if left out.", Arity = ArgumentArity.ZeroOrMore };
        var files = new Option<string[]>("--file") { Description = "Another file of the same dataset; may be repeated.", HelpName = "NAME.jsonl", DefaultValueFactory = _ => [] };
        var list = new Option<bool>("--list") { Description = "List what there is, with sizes." };
        var folder = new Option<string>("--out") { Description = "Folder to write to.", HelpName = "DIR", DefaultValueFactory = _ => defaults.Out };
        var hub = new Option<string?>("--hub") { Description = "Where to get it from; if left out, from the other one when the first cannot be reached." };
        hub.AcceptOnlyFromAmong([.. Downloads.Hub.All.Select(known => known.Name)]);
        var endpoint = new Option<string?>("--endpoint") { Description = "Address of a mirror, which then is the only hub. (HF_ENDPOINT is a mirror of Hugging Face alone.)", HelpName = "URL" };
        var proxy = new Option<string?>("--proxy") { Description = "A proxy; HTTPS_PROXY and NO_PROXY are heeded if left out.", HelpName = "URL" };
        var revision = new Option<string?>("--revision") { Description = "An older revision of the dataset.", HelpName = "NAME" };
        var force = new Option<bool>("--force") { Description = "Download what is there already." };
        var download = new Command("download", "Get MiniMind's published data files by name. Interrupted, the same command goes on.") { names, files, list, folder, hub, endpoint, proxy, revision, force, VerboseOption() };
        examples[download] = ["minimind data download", "minimind data download pretrain_t2t_mini sft_t2t_mini --out my", "minimind data download lora_medical --endpoint https://hf-mirror.com"];
        download.SetAction((parsed, cancel) => handlers.DownloadData(new DownloadOptions
        {
            Names = parsed.GetValue(list) ? [] : parsed.GetValue(names) ?? [], Files = parsed.GetValue(list) ? [] : parsed.GetValue(files) ?? [], Out = parsed.GetRequiredValue(folder),
            Hub = parsed.GetValue(hub), Endpoint = parsed.GetValue(endpoint), Proxy = parsed.GetValue(proxy), Revision = parsed.GetValue(revision),
            HuggingFaceEndpoint = Variable("HF_ENDPOINT"), Token = Variable("HF_TOKEN"), Force = parsed.GetValue(force),
        }, cancel));
        return download;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static Command Check(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var files = new Argument<string[]>("FILE") { Description = "Data files: JSONL or text, compressed or not; patterns such as 'my/*.jsonl'.", Arity = ArgumentArity.OneOrMore };
        var stage = new Option<string?>("--stage") { Description = "Kind of the data; by its first lines if left out." };
        stage.AcceptOnlyFromAmong([.. Text.Datasets.DocumentEncoders.Kinds]);
        var tokenizer = new Option<string?>("--tokenizer") { Description = "Folder with a tokenizer.json: lengths, cuts, padding and packing are measured with it.", HelpName = "DIR" };
        var length = new Option<int?>("--sequence-length") { Description = "Tokens of a sequence: 340 for pretrain, 768 for sft, 1024 for dpo if left out.", HelpName = "N", CustomParser = OptionValues.Count };
        var longDocuments = new Option<string?>("--long-documents") { Description = "What becomes of longer documents: split, or cut; as in a run file if left out." };
        longDocuments.AcceptOnlyFromAmong("split", "cut");
        var against = new Option<string?>("--against") { Description = "An evaluation file: lines that share 13 words in a row with one of its items, or the whole of a shorter one (question and answer), are counted.", HelpName = "FILE" };
        var fix = new Option<string?>("--fix") { Description = "Write the lines worth keeping: without bad ones, exact duplicates, and those without any answer.", HelpName = "OUT" };
        var keep = new Option<bool>("--keep-duplicates") { Description = "With --fix: keep exact duplicates." };
        var drop = new Option<bool>("--drop-near-duplicates") { Description = "With --fix: leave near duplicates out, too." };
        var force = new Option<bool>("--force") { Description = "Replace files that are there." };
        var samples = new Option<int?>("--samples") { Description = "Documents to show, with what is learned of them (3 if left out; 0 with a plain report).", HelpName = "N", CustomParser = OptionValues.CountOrNone };
        var seed = SeedOption("Another seed shows other samples.");
        var threads = new Option<int?>("--threads") { Description = "Threads that read; the result does not depend on it.", HelpName = "N", CustomParser = OptionValues.Count };
        var json = new Option<string?>("--json") { Description = "Write the report as JSON, too.", HelpName = "FILE" };
        var plot = new Option<string?>("--plot") { Description = "Write the histogram of lengths as .png or .svg.", HelpName = "FILE" };
        var check = new Command("check", "Tell whether data is fit to train on: bad lines, duplicates, empty answers, languages, lengths, overlap with an evaluation.")
        {
            files, stage, tokenizer, length, longDocuments, against, fix, keep, drop, force, samples, seed, threads, json, plot, VerboseOption(),
        };
        examples[check] = ["minimind data check my/sft.jsonl --tokenizer my-tokenizer", "minimind data check my/*.jsonl.gz --fix clean.jsonl.gz --against questions.jsonl"];
        var defaults = new CheckOptions { Files = [] };
        check.SetAction((parsed, cancel) => handlers.CheckData(new CheckOptions
        {
            Files = parsed.GetRequiredValue(files), Stage = parsed.GetValue(stage), Tokenizer = parsed.GetValue(tokenizer), SequenceLength = parsed.GetValue(length),
            LongDocuments = parsed.GetValue(longDocuments), Against = parsed.GetValue(against), Fix = parsed.GetValue(fix), KeepDuplicates = parsed.GetValue(keep),
            DropNearDuplicates = parsed.GetValue(drop), Force = parsed.GetValue(force), Samples = parsed.GetValue(samples) ?? defaults.Samples, Seed = parsed.GetValue(seed),
            Threads = parsed.GetValue(threads) ?? defaults.Threads, Json = parsed.GetValue(json), Plot = parsed.GetValue(plot),
        }, cancel));
        return check;
    }

    private static Command Split(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var file = new Argument<string>("FILE") { Description = "JSONL or text, compressed or not." };
        var fraction = new Option<double>("--fraction") { Description = "Part of the lines that is held out.", HelpName = "PART", CustomParser = OptionValues.Fraction, DefaultValueFactory = _ => 0.01 };
        var count = new Option<int?>("--count") { Description = "How many different lines are held out, instead of a part.", HelpName = "N", CustomParser = OptionValues.Count };
        var training = new Option<string?>("--train") { Description = "File for the lines to train on; FILE.train.jsonl if left out.", HelpName = "FILE" };
        var held = new Option<string?>("--held-out") { Description = "File for the others; FILE.valid.jsonl if left out.", HelpName = "FILE" };
        var seed = SeedOption("Another seed holds out other lines.");
        var force = new Option<bool>("--force") { Description = "Replace files that are there." };
        var split = new Command("split", "Split a file in two: lines to train on, and lines that are held out. Equal lines are on one side.") { file, fraction, count, training, held, seed, force, VerboseOption() };
        examples[split] = ["minimind data split my/sft.jsonl --fraction 0.02", "minimind data split my/sft.jsonl.gz --count 500 --train my/train.jsonl --held-out my/valid.jsonl"];
        split.SetAction((parsed, cancel) =>
        {
            string path = parsed.GetRequiredValue(file);
            return handlers.SplitData(new SplitOptions(
                path, parsed.GetValue(training) ?? Beside(path, "train"), parsed.GetValue(held) ?? Beside(path, "valid"),
                parsed.GetValue(fraction), parsed.GetValue(count), parsed.GetValue(seed), parsed.GetValue(force)), cancel);
        });
        return split;
    }

    private static Command Encode(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var run = new RunArguments();
        var encode = new Command("encode", "Do all that a run does with its data, and nothing more: the run then begins at once.");
        run.AddTo(encode, training: false);
        examples[encode] = ["minimind data encode my-run.yaml", "minimind data encode my-run.yaml --set cache=/scratch/minimind"];
        encode.SetAction((parsed, cancel) => handlers.EncodeData(run.Read(parsed), cancel));
        return encode;
    }

    private static Command Cache(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var folder = new Option<string>("--cache") { Description = "Folder of the cache; MINIMIND_CACHE names another one, too.", HelpName = "DIR", DefaultValueFactory = _ => CacheFolders.Default() };
        var list = new Command("list", "Show what encoded data there is.") { folder };
        list.SetAction((parsed, cancel) => handlers.ListCache(parsed.GetRequiredValue(folder), cancel));
        var age = new Option<TimeSpan?>("--unused") { Description = "Remove what no run has used for so long.", HelpName = "30d", CustomParser = OptionValues.Age };
        var size = new Option<long?>("--max-size") { Description = "Remove the least recently used until the rest takes at most this.", HelpName = "20GB", CustomParser = OptionValues.Size };
        var all = new Option<bool>("--all") { Description = "Remove everything." };
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would be removed." };
        var prune = new Command("prune", "Remove encoded data that is no longer needed. Runs keep copies of what they train on.") { folder, age, size, all, dry };
        prune.Validators.Add(result =>
        {
            if (result.GetResult(age) is null && result.GetResult(size) is null && !result.GetValue(all))
                result.AddError("expected what to remove: --unused 30d, --max-size 20GB or --all");
        });
        examples[prune] = ["minimind data cache prune --unused 30d --dry-run", "minimind data cache prune --max-size 20GB"];
        prune.SetAction((parsed, cancel) => handlers.PruneCache(new PruneOptions(
            parsed.GetRequiredValue(folder), parsed.GetValue(age), parsed.GetValue(size), parsed.GetValue(all), parsed.GetValue(dry)), cancel));
        return new Command("cache", "Encoded data, which runs share.") { list, prune };
    }

    private static Option<ulong> SeedOption(string description) =>
        new("--seed") { Description = description, HelpName = "N", CustomParser = OptionValues.Seed, DefaultValueFactory = _ => RunFiles.RunFileDefaults.Standard.Seed };

    private static Option<bool> VerboseOption() => new(CommandTree.Verbose) { Description = "Show stack traces." };

    private static string Beside(string path, string side)
    {
        string name = Path.GetFileName(path);
        foreach (string ending in new[] { ".gz", ".gzip", ".zst", ".zstd", ".jsonl", ".json", ".txt" })
            if (name.Length > ending.Length && name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) name = name[..^ending.Length];
        return Path.Combine(Path.GetDirectoryName(path) ?? "", $"{name}.{side}.jsonl");
    }
}
