using System.CommandLine;
using MiniMind.Coordinator.Ingestion;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>The verbs of "minimind data".</summary>
internal static class DataCommands
{
    public static Command Create(CommandHandlers handlers, Dictionary<Command, string[]> examples) => new("data", "Make, check, split and encode training data.")
    {
        Sample(handlers, examples),
        Split(handlers, examples),
        Encode(handlers, examples),
        Cache(handlers, examples),
    };

    private static Command Sample(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var folder = new Option<string>("--out") { Description = "Folder to write to.", HelpName = "DIR", Required = true };
        var seed = SeedOption("The same seed gives the same bytes.");
        var verbose = VerboseOption();
        var sample = new Command("sample", "Write a small bilingual toy world: training data of every kind, and held-out questions.") { folder, seed, verbose };
        examples[sample] = ["minimind data sample --out runs/toy --seed 7"];
        sample.SetAction((parsed, cancel) => handlers.WriteSample(new SampleOptions(parsed.GetRequiredValue(folder), parsed.GetValue(seed)), cancel));
        return sample;
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
        int dot = name.IndexOf('.', 1);
        return Path.Combine(Path.GetDirectoryName(path) ?? "", $"{(dot < 0 ? name : name[..dot])}.{side}.jsonl");
    }
}
