using MiniMind.Coordinator.Audit;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Doctor;
using MiniMind.Coordinator.Downloads;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Tokenizers;
using MiniMind.Coordinator.ToyWorld;
using MiniMind.Coordinator.Workers;
using MiniMind.Text;
using Spectre.Console;

var time = TimeProvider.System;
// A file or a pipe has no width that tables would have to fit in.
if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 200;
var tokenizers = new TokenizerCommands(AnsiConsole.Console, Console.In, Console.Out, time);
var handlers = new CommandHandlers
{
    Run = (options, stop) => new RunPipeline(options, time).RunAsync(stop),
    Audit = (options, stop) => new AuditCommand(AnsiConsole.Console).RunAsync(options, stop),
    WriteSample = (options, _) =>
    {
        OutputPlace.RequireFolder(options.Out, "--out");
        ToyWorldWriter.Write(options.Out, options.Seed, replace: options.Force, remedy: "Name another folder with --out, or replace it by --force.").WriteTo(Console.Out);
        return Task.FromResult(ExitCodes.Success);
    },
    DownloadData = (options, stop) => new DownloadCommand(AnsiConsole.Console, Console.Out, time, Hub.All).RunAsync(options, stop),
    CheckData = (options, stop) => new CheckCommand(AnsiConsole.Console).RunAsync(options, stop),
    SplitData = async (options, stop) =>
    {
        var split = new DataSplit(options);
        var (training, held) = await split.RunAsync(stop);
        foreach (string line in split.Describe(training, held)) Console.WriteLine(line);
        return ExitCodes.Success;
    },
    EncodeData = (options, stop) => new DataEncoding(options, time).RunAsync(stop),
    ListCache = (folder, _) => Task.FromResult(new CacheCommands(AnsiConsole.Console, time).List(folder)),
    PruneCache = (options, _) => Task.FromResult(new CacheCommands(AnsiConsole.Console, time).Prune(options)),
    TrainTokenizer = (options, stop) => tokenizers.TrainAsync(options, stop),
    EncodeText = (options, stop) => Aside(() => tokenizers.Encode(options), stop),
    DecodeIds = (options, stop) => Aside(() => tokenizers.Decode(options), stop),
    EvaluateTokenizers = (options, stop) => Aside(() => tokenizers.Evaluate(options), stop),
    WorkerVerb = (verb, arguments) => WorkerProgram.Locate().RunAsync(verb, arguments, new WorkerEnvironment { Threads = Math.Min(4, Environment.ProcessorCount) }),
};
return await CommandTree.InvokeAsync(handlers, args, Console.Out, Console.Error);

// Reading from a terminal or a pipe cannot be interrupted, but left alone: nothing is lost, and the process ends.
static Task<int> Aside(Func<int> work, CancellationToken stop) => Task.Run(work, stop).WaitAsync(stop);
