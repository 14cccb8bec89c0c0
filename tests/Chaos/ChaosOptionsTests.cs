using MiniMind.Chaos.Faults;
using MiniMind.Chaos.Network;

namespace MiniMind.Chaos;

public class ChaosOptionsTests
{
    private static readonly ChaosOptions Options = new(7, 3, 12, ChaosOptions.Sft);

    [Fact]
    public async Task Together_proxies_and_a_Redis_know_every_kind_of_fault_once()
    {
        await using var proxies = new ProxyNetwork(new Roster(), TimeProvider.System);

        Assert.Equal(Enum.GetValues<FaultKind>().Order(), (Options with { Redis = true, StopCoordinator = true }).Kinds(proxies.Faults).Order());
    }

    [Fact]
    public void Faults_of_what_is_not_there_are_not_drawn() =>
        Assert.Empty(Options.Kinds([]).Intersect([FaultKind.RestartRedis, FaultKind.StopCoordinator, FaultKind.CutLink]));

    [Fact]
    public void A_replay_names_all_that_decides_the_faults()
    {
        Assert.Equal("--seed 7 --workers 3 --faults 12 --kind sft", Options.Replay);
        Assert.EndsWith(
            " --kind sft --network namespaces --rate 100mbit --redis --stop-coordinator",
            (Options with { Network = ChaosOptions.Namespaces, Rate = new LinkRate(100_000_000), Redis = true, StopCoordinator = true }).Replay, StringComparison.Ordinal);
    }
}
