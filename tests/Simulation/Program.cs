using MiniMind.Simulation;

if (args.Length is < 1 or > 2 || !int.TryParse(args[0], out var first) || !int.TryParse(args[^1], out var last) || last < first)
{
    Console.Error.WriteLine("""
        usage: dotnet run -c Release --project tests/Simulation -- SEED [LAST]

        SEED        replays one schedule and prints what happens in it
        SEED LAST   runs all schedules from SEED to LAST, millions if you like, on all processors; tells how far it is, names each seed that breaks a
                    promise with the promise and how to replay it, and goes on to the end

        exit code: 0 when all invariants held, 1 when one was broken, 2 for a wrong command line
        """);
    return 2;
}
if (first == last)
{
    var failure = SimulationRun.Judge(first, Console.Out, out var run);
    Console.WriteLine($"seed {first}: {failure ?? "all invariants held"} ({run.Generations} generations, {run.PowerCuts} power cuts, {run.World.Events} events)");
    return failure is null ? 0 : 1;
}
var summary = Schedules.Run(first, last, Console.WriteLine);
Console.WriteLine(summary);
return summary.Broken.Count == 0 ? 0 : 1;
