using MiniMind.Simulation;

// Replays one schedule and prints what happens, or runs many on all processors: dotnet run -c Release --project tests/Simulation -- SEED [LAST]
if (args.Length is < 1 or > 2 || !int.TryParse(args[0], out var first) || !int.TryParse(args[^1], out var last) || last < first)
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project tests/Simulation -- SEED [LAST]");
    return 2;
}
if (first == last)
{
    var failure = SimulationRun.Judge(first, Console.Out, out var run);
    Console.WriteLine($"seed {first}: {failure ?? "all promises held"} ({run.Generations} generations, {run.PowerCuts} power cuts, {run.World.Events} events)");
    return failure is null ? 0 : 1;
}
var summary = Schedules.Run(first, last, Console.WriteLine);
Console.WriteLine(summary);
return summary.Broken.Count == 0 ? 0 : 1;
