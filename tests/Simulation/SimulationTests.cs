namespace MiniMind.Simulation;

public class SimulationTests
{
    private const int Schedules = 1000;

    [Fact]
    public void ThousandSchedules_ofFaults_endWithTheSameBits()
    {
        var broken = new List<string>();
        long generations = 0, moves = 0;
        for (var seed = 1; seed <= Schedules; seed++)
        {
            if (SimulationRun.Judge(seed, null, out var run) is { } failure)
                broken.Add($"seed {seed}: {failure.Split('\n')[0]}  (replay: dotnet run --project tests/Simulation -- {seed})");
            generations += run.Generations;
            moves += run.LaneMoves;
        }
        Assert.True(broken.Count == 0, $"{broken.Count} of {Schedules} schedules broke a promise:\n{string.Join('\n', broken.Take(10))}");
        // Schedules that never disturb anything would prove nothing.
        Assert.True(generations > 2 * Schedules, $"only {generations} generations in {Schedules} schedules");
        Assert.True(moves > Schedules / 10, $"lanes moved only {moves} times in {Schedules} schedules");
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
    public void UndisturbedRun_givesTheWeightsOfTheDefinition()
    {
        var expected = ToyMath.Expected(SimulationRun.Options.TotalSteps, SimulationRun.Lanes);
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(expected.AsSpan());
        var digest = System.Security.Cryptography.SHA256.HashData(bytes)[..16];
        Assert.Equal(digest, SimulationRun.Reference.Ledger[^1].WeightsDigest.ToByteArray());
    }
}
