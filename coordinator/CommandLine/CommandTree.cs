using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Globalization;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>The verbs of "minimind", their options and help, and the way from arguments to an exit code.</summary>
public static class CommandTree
{
    private const string Verbose = "--verbose";

    private static readonly (string Verb, string Description)[] WorkerVerbs =
    [
        ("chat", "Talk to a trained model in the terminal."),
        ("eval", "Measure a trained model on a file of questions."),
        ("selftest", "Compare this machine's results with reference figures."),
    ];

    /// <summary>All verbs, bound to what they do.</summary>
    public static RootCommand Build(CommandHandlers handlers)
    {
        var root = new RootCommand("Trains small language models from scratch, with any number of worker processes and one result.");
        var examples = new Dictionary<Command, string[]>
        {
            [root] = ["minimind run deploy/runs/quickstart.yaml", "minimind chat --model runs/quickstart/latest"],
        };
        root.Add(RunCommand(handlers, examples));
        root.Add(DataCommand(handlers, examples));
        foreach (var (verb, description) in WorkerVerbs) root.Add(WorkerCommand(verb, description, handlers));
        // Without a verb there is nothing to do but to tell which there are.
        foreach (var group in root.Subcommands.Where(command => command.Subcommands.Count > 0).Append(root)) group.SetAction(parsed => parsed.CommandResult.Command.Parse("--help").Invoke(parsed.InvocationConfiguration));
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, examples);
        return root;
    }

    /// <summary>
    /// Runs one command line. Wrong usage prints what is wrong and where help is found, and returns 2; exceptions become one message
    /// (<see cref="ErrorReport"/>); after Ctrl-C the result is 130, after SIGTERM 0.
    /// </summary>
    public static async Task<int> InvokeAsync(CommandHandlers handlers, IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        // Response files and bundled flags would change what a user typed.
        var parsing = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        var parsed = Build(handlers).Parse(PassThrough(arguments), parsing);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
        {
            foreach (var fault in parsed.Errors) error.WriteLine($"error: {fault.Message}");
            error.WriteLine($"'minimind {Words(parsed)}--help' shows what is possible.");
            return ExitCodes.WrongInput;
        }

        // The worker program answers the terminal's signals itself.
        using var signals = IsWorkerVerb(arguments) ? null : new StopSignals();
        try
        {
            var invocation = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            int code = await parsed.InvokeAsync(invocation, signals?.Token ?? CancellationToken.None);
            return code == ExitCodes.Success ? signals?.ExitCode ?? code : code;
        }
        catch (Exception fault)
        {
            if (fault is OperationCanceledException && signals?.ExitCode is { } stopped) return stopped;
            return ErrorReport.Write(fault, error, arguments.Contains(Verbose));
        }
    }

    private static Command RunCommand(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var file = new Argument<string>("FILE") { Description = "The run file (YAML)." };
        var set = new Option<string[]>("--set") { Description = "Override a value of the run file; may be repeated. KEY is a top-level key, or a stage's name, 'model' or 'sample' with a dot and a key.", HelpName = "KEY=VALUE", AllowMultipleArgumentsPerToken = false, DefaultValueFactory = _ => [] };
        var workers = new Option<int?>("--workers") { Description = "Number of worker processes; changes the speed, never the result.", HelpName = "N", CustomParser = WorkerCount };
        var folder = new Option<string?>("--out") { Description = "Folder that the run writes.", HelpName = "DIR" };
        var device = new Option<string?>("--device") { Description = "Where tensors live.", HelpName = "cpu|cuda" };
        var resume = new Option<bool>("--resume") { Description = "Go on from the newest checkpoint in the run's folder." };
        var plain = new Option<bool>("--plain") { Description = "Log lines instead of the live display." };
        var verbose = new Option<bool>(Verbose) { Description = "Show stack traces and internal logs." };
        device.AcceptOnlyFromAmong(RunFiles.RunFile.Cpu, RunFiles.RunFile.Cuda);
        var command = new Command("run", "Train what a run file describes, then answer questions with the result.") { file, set, workers, folder, device, resume, plain, verbose };
        examples[command] =
        [
            "minimind run deploy/runs/quickstart.yaml",
            "minimind run deploy/runs/quickstart.yaml --workers 4 --set pretrain.epochs=2 --set seed=7",
            "minimind run deploy/runs/quickstart.yaml --resume",
        ];
        command.SetAction((parsed, cancel) => handlers.Run(new RunOptions
        {
            File = parsed.GetRequiredValue(file),
            Overrides = OverridesOf(parsed.GetValue(set) ?? [], parsed.GetValue(workers), parsed.GetValue(folder), parsed.GetValue(device)),
            Resume = parsed.GetValue(resume),
            Plain = parsed.GetValue(plain),
            SharedCache = Ingestion.CacheFolders.Default(),
            Verbose = parsed.GetValue(verbose),
        }, cancel));
        return command;
    }

    private static Command DataCommand(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var folder = new Option<string>("--out") { Description = "Folder to write to.", HelpName = "DIR", Required = true };
        var seed = new Option<ulong>("--seed") { Description = "The same seed gives the same bytes.", HelpName = "N", CustomParser = Seed, DefaultValueFactory = _ => RunFiles.RunFileDefaults.Standard.Seed };
        var verbose = new Option<bool>(Verbose) { Description = "Show stack traces." };
        var sample = new Command("sample", "Write a small bilingual toy world: training data of every kind, and held-out questions.") { folder, seed, verbose };
        examples[sample] = ["minimind data sample --out runs/toy --seed 7"];
        sample.SetAction((parsed, cancel) => handlers.WriteSample(new SampleOptions(parsed.GetRequiredValue(folder), parsed.GetValue(seed)), cancel));
        return new Command("data", "Make training data.") { sample };
    }

    private static Command WorkerCommand(string verb, string description, CommandHandlers handlers)
    {
        var arguments = new Argument<string[]>("ARGUMENTS") { Description = $"'minimind {verb} --help' lists them.", Arity = ArgumentArity.ZeroOrMore, Hidden = true };
        var command = new Command(verb, description) { arguments };
        command.SetAction(parsed => handlers.WorkerVerb(verb, parsed.GetValue(arguments) ?? []));
        return command;
    }

    private static int? WorkerCount(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1) return count;
        result.AddError($"--workers: expected a whole number of at least 1, found '{text}'");
        return null;
    }

    private static ulong Seed(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)) return seed;
        result.AddError($"--seed: expected a whole number from 0 to {ulong.MaxValue}, found '{text}'");
        return 0;
    }

    // What follows a verb of the worker program is not ours to read, --help included.
    private static IReadOnlyList<string> PassThrough(IReadOnlyList<string> arguments) =>
        IsWorkerVerb(arguments) ? [arguments[0], "--", .. arguments.Skip(1)] : arguments;

    private static bool IsWorkerVerb(IReadOnlyList<string> arguments) => arguments.Count > 0 && WorkerVerbs.Any(known => known.Verb == arguments[0]);

    private static List<string> OverridesOf(string[] set, int? workers, string? folder, string? device)
    {
        var overrides = set.ToList();
        if (workers is { } count) overrides.Add(string.Create(CultureInfo.InvariantCulture, $"workers={count}"));
        if (folder is not null) overrides.Add($"out='{folder.Replace("'", "''", StringComparison.Ordinal)}'");
        if (device is not null) overrides.Add($"device={device}");
        return overrides;
    }

    private static string Words(ParseResult parsed)
    {
        var words = new Stack<string>();
        for (var result = parsed.CommandResult; result.Command is not RootCommand; result = (CommandResult)result.Parent!)
            words.Push(result.Command.Name + " ");
        return string.Concat(words);
    }
}
