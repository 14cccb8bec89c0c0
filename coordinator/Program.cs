using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.ToyWorld;
using MiniMind.Coordinator.Workers;

var handlers = new CommandHandlers(
    (options, stop) => new RunPipeline(options, TimeProvider.System).RunAsync(stop),
    (options, _) =>
    {
        ToyWorldWriter.Write(options.Out, options.Seed).WriteTo(Console.Out);
        return Task.FromResult(ExitCodes.Success);
    },
    (verb, arguments) => WorkerProgram.Locate().RunAsync(verb, arguments, new WorkerEnvironment { Threads = Math.Min(4, Environment.ProcessorCount) }));
return await CommandTree.InvokeAsync(handlers, args, Console.Out, Console.Error);
