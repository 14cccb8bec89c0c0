namespace MiniMind.Simulation.Mutants;

/// <summary>The simulation finds bugs: each of a list is planted in the production sources, and schedules are run until one breaks an invariant.</summary>
public sealed class PlantedBugTests
{
    private const int Schedules = 1000;

    public static TheoryData<string> Names => [.. PlantedBugs.All.Select(bug => bug.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Planted_bug_is_found(string name)
    {
        var found = PatchedSimulation.FirstBroken(PlantedBugs.All.Single(bug => bug.Name == name), Schedules);
        Assert.True(found is not null, $"{Schedules} schedules did not find: {name}");
    }

    /// <summary>Otherwise it would be no wonder.</summary>
    [Fact]
    public void Sources_as_they_are_hold_for_as_many_schedules() => Assert.Null(PatchedSimulation.FirstBroken(null, Schedules));
}
