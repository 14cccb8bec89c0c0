using System.Reflection;
using System.Runtime.Loader;

namespace MiniMind.Simulation.Mutants;

/// <summary>The simulation over sources that may hold a bug.</summary>
internal static class PatchedSimulation
{
    /// <summary>Runs schedules, one after another, until one breaks an invariant.</summary>
    /// <param name="bug">Null: the sources as they are.</param>
    /// <param name="schedules">Most schedules, from seed 1 on.</param>
    /// <returns>Which seed breaks which invariant; null when all schedules hold.</returns>
    public static string? FirstBroken(PlantedBug? bug, int schedules)
    {
        // Not collectible: code that can be unloaded is compiled with great care, which takes longer than it runs.
        var context = new AssemblyLoadContext(bug?.Name);
        using var bytes = new MemoryStream(ProductionSources.Compile(bug));
        var type = context.LoadFromStream(bytes).GetType(typeof(Schedules).FullName!, throwOnError: true)!;
        var run = type.GetMethod(nameof(Schedules.FirstBroken), BindingFlags.Static | BindingFlags.Public)!.CreateDelegate<Func<int, int, string?>>();
        return run(1, schedules);
    }
}
