namespace MiniMind.Chaos.Faults;

public class ScheduleTests
{
    private const int Steps = 480;

    private static readonly FaultKind[] All = Enum.GetValues<FaultKind>();
    private static readonly int Kinds = All.Length;

    [Fact]
    public void The_same_seed_gives_the_same_faults_and_another_one_others()
    {
        Assert.Equal(Schedule.Draw(7, 20, All, Steps), Schedule.Draw(7, 20, All, Steps));
        Assert.NotEqual(Schedule.Draw(7, 20, All, Steps), Schedule.Draw(8, 20, All, Steps));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_kind_occurs_before_any_occurs_again(int seed)
    {
        var kinds = Schedule.Draw(seed, 2 * Kinds, All, Steps).Select(fault => fault.Kind).ToList();

        Assert.Equal(Kinds, kinds.Take(Kinds).Distinct().Count());
        Assert.Equal(Kinds, kinds.Skip(Kinds).Distinct().Count());
    }

    [Fact]
    public void Only_kinds_that_there_are_are_drawn()
    {
        FaultKind[] two = [FaultKind.KillSource, FaultKind.SlowLink];

        Assert.Equal(two.Order(), Schedule.Draw(5, 9, two, Steps).Select(fault => fault.Kind).Distinct().Order());
    }

    [Theory]
    [InlineData(1, 30)]
    [InlineData(12, 480)]
    [InlineData(100, 500)]
    public void Faults_strike_in_order_and_inside_of_the_stage(int faults, int steps)
    {
        var schedule = Schedule.Draw(3, faults, All, steps);

        Assert.Equal(Enumerable.Range(1, faults), schedule.Select(fault => fault.Number));
        Assert.Equal(schedule.Select(fault => fault.Step).Order(), schedule.Select(fault => fault.Step));
        Assert.All(schedule, fault => Assert.InRange(fault.Step, 1, steps - 1));
        Assert.All(schedule, fault => Assert.True(fault.Steps > 0 && fault.AtMost > TimeSpan.Zero && fault.Delay > TimeSpan.Zero));
    }
}
