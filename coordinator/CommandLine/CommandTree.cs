using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>The verbs of "minimind", their options and help, and the way from arguments to an exit code.</summary>
public static class CommandTree
{
    internal const string Verbose = "--verbose";
    private const string Run = "run";
    private const string Help = "help";

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
        root.Add(AuditCommand(handlers, examples));
        root.Add(DataCommands.Create(handlers, examples));
        root.Add(TokenizerVerbs.Create(handlers, examples));
        foreach (var (verb, description) in WorkerVerbs) root.Add(WorkerCommand(verb, description, handlers));
        // Without a verb there is nothing to do but to tell which there are.
        foreach (var group in Groups(root)) group.SetAction(parsed => parsed.CommandResult.Command.Parse("--help").Invoke(parsed.InvocationConfiguration));
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, examples);
        return root;
    }

    /// <summary>
    /// Runs one command line. Wrong usage prints what is wrong and where help is found, and returns 2; exceptions become one message
    /// (<see cref="ErrorReport"/>); after Ctrl-C the result is 130, after SIGTERM 143, or 0 if it was a run, which ends in order.
    /// </summary>
    public static async Task<int> InvokeAsync(CommandHandlers handlers, IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        // Response files and bundled flags would change what a user typed.
        var parsing = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        if (arguments.Count > 0 && arguments[0] == Help) arguments = [.. arguments.Skip(1), "--help"];
        var typed = PassThrough(arguments);
        var parsed = Build(handlers).Parse(typed, parsing);
        var unknown = UnknownOptions.Of(parsed, typed);
        if ((unknown.Count > 0 || parsed.Errors.Count > 0) && parsed.Action is not HelpWithExamples)
        {
            // What follows from an option that there is not would only hide it.
            foreach (string fault in unknown.Count > 0 ? unknown : parsed.Errors.Select(fault => fault.Message)) error.WriteLine($"error: {fault}");
            error.WriteLine($"'minimind {Words(parsed)}--help' shows what is possible.");
            return ExitCodes.WrongInput;
        }

        // The worker program answers the terminal's signals itself.
        bool orderly = arguments.Count > 0 && arguments[0] == Run;
        using var signals = IsWorkerVerb(arguments) ? null : new StopSignals(orderly);
        try
        {
            var invocation = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            int code = await parsed.InvokeAsync(invocation, signals?.Token ?? CancellationToken.None);
            // A run returns after a signal as after its last step; whatever else returns has done its work.
            return code == ExitCodes.Success && orderly ? signals?.ExitCode ?? code : code;
        }
        catch (Exception fault)
        {
            if (fault is OperationCanceledException && signals?.ExitCode is { } stopped) return stopped;
            return ErrorReport.Write(fault, error, arguments.Contains(Verbose), ofRun: orderly);
        }
    }

    private static Command RunCommand(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var run = new RunArguments();
        var command = new Command(Run, "Train what a run file describes, then answer questions with the result.");
        run.AddTo(command, training: true);
        examples[command] =
        [
            "minimind run deploy/runs/quickstart.yaml",
            "minimind run deploy/runs/quickstart.yaml --workers 4 --set pretrain.epochs=2 --set seed=7",
            "minimind run deploy/runs/quickstart.yaml --resume",
        ];
        command.SetAction((parsed, cancel) => handlers.Run(run.Read(parsed), cancel));
        return command;
    }

    private static Command AuditCommand(CommandHandlers handlers, Dictionary<Command, string[]> examples)
    {
        var run = new Argument<string>("RUN") { Description = "Folder of a run that is not in training." };
        var json = new Option<string?>("--json") { Description = "Write the result to this file, too.", HelpName = "FILE" };
        var verbose = new Option<bool>(Verbose) { Description = "Show stack traces." };
        var command = new Command("audit", "Prove that a run trained every sample once in each epoch, and that nothing of it was changed since.") { run, json, verbose };
        examples[command] = ["minimind audit runs/quickstart"];
        command.SetAction((parsed, cancel) => handlers.Audit(new AuditOptions(parsed.GetRequiredValue(run), parsed.GetValue(json)), cancel));
        return command;
    }

    private static IEnumerable<Command> Groups(Command command) =>
        command.Subcommands.Count == 0 ? [] : command.Subcommands.SelectMany(Groups).Append(command);

    private static Command WorkerCommand(string verb, string description, CommandHandlers handlers)
    {
        var arguments = new Argument<string[]>("ARGUMENTS") { Description = $"'minimind {verb} --help' lists them.", Arity = ArgumentArity.ZeroOrMore, Hidden = true };
        var command = new Command(verb, description) { arguments };
        command.SetAction(parsed => handlers.WorkerVerb(verb, parsed.GetValue(arguments) ?? []));
        return command;
    }

    // What follows a verb of the worker program is not ours to read, --help included.
    private static IReadOnlyList<string> PassThrough(IReadOnlyList<string> arguments) =>
        IsWorkerVerb(arguments) ? [arguments[0], "--", .. arguments.Skip(1)] : arguments;

    private static bool IsWorkerVerb(IReadOnlyList<string> arguments) => arguments.Count > 0 && WorkerVerbs.Any(known => known.Verb == arguments[0]);

    private static string Words(ParseResult parsed)
    {
        var words = new Stack<string>();
        for (var result = parsed.CommandResult; result.Command is not RootCommand; result = (CommandResult)result.Parent!)
            words.Push(result.Command.Name + " ");
        return string.Concat(words);
    }
}
