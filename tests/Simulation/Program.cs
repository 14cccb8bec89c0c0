using MiniMind.Simulation;

// Replays schedules and prints what happens: dotnet run --project tests/Simulation -- SEED [LAST]
if (args.Length is < 1 or > 2 || !int.TryParse(args[0], out var first) || !int.TryParse(args[^1], out var last))
{
    Console.Error.WriteLine("usage: dotnet run --project tests/Simulation -- SEED [LAST]");
    return 2;
}
var failures = 0;
for (var seed = first; seed <= last; seed++)
{
    var failure = SimulationRun.Judge(seed, first == last ? Console.Out : null, out var run);
    if (failure is not null) failures++;
    if (failure is not null || first == last)
        Console.WriteLine($"seed {seed}: {failure ?? "all promises held"} ({run.Generations} generations, {run.World.Events} events)");
}
Console.WriteLine($"{last - first + 1 - failures} of {last - first + 1} schedules held");
return failures == 0 ? 0 : 1;
