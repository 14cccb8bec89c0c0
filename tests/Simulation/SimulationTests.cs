namespace MiniMind.Simulation;

public class SimulationTests
{
    private const int Count = 1000;

    [Fact]
    public void ThousandSchedules_ofFaults_endWithTheSameBits()
    {
        var summary = Schedules.Run(1, Count);
        Assert.True(summary.Broken.Count == 0, $"{summary.Broken.Count} of {Count} schedules broke an invariant:\n{string.Join('\n', summary.Broken.Take(10))}");
        // Schedules that never disturb anything would prove nothing.
        Assert.True(summary.Generations > 2 * Count, $"only {summary.Generations} generations in {Count} schedules");
        Assert.True(summary.PowerCuts > Count / 4, $"only {summary.PowerCuts} power cuts in {Count} schedules");
        Assert.True(summary.LaneMoves > Count / 10, $"lanes moved only {summary.LaneMoves} times in {Count} schedules");
    }

    [Fact]
    public void Schedule_replayed_happensInTheSameWay()
    {
        var (first, second) = (new StringWriter(), new StringWriter());
        SimulationRun.Judge(17, first, out _);
        SimulationRun.Judge(17, second, out _);
        Assert.Equal(first.ToString(), second.ToString());
    }

    [Fact]
    public void UndisturbedRun_givesTheWeightsOfTheDefinition() =>
        Assert.Equal(ToyMath.DigestOf(ToyMath.Expected(SimulationRun.Options.TotalSteps, SimulationRun.Lanes)), Reference.Ledger[^1].WeightsDigest.ToByteArray());
}
