using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Tests.Screen;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class UnreachablePairsTests
{
    private readonly ManualTime _time = new();
    private readonly UnreachablePairs _pairs;

    public UnreachablePairsTests() => _pairs = new UnreachablePairs(_time);

    private void Pass(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    [Fact]
    public void A_pair_that_fails_again_soon_is_kept_apart_for_longer_up_to_a_limit_whoever_says_so()
    {
        foreach (var (seconds, reporter, other) in ((int, string, string)[])[(30, "b", "a"), (60, "a", "b"), (120, "b", "a"), (120, "a", "b")])
        {
            _pairs.Add(reporter, other);
            Pass(seconds - 1);
            // The same failure.
            _pairs.Add(other, reporter);
            Pass(1);
            Assert.Equal([("a", "b")], _pairs.Now);
            Pass(1);
            Assert.Empty(_pairs.Now);
            Pass(100);
        }
        Pass(20);
        _pairs.Add("a", "b");
        Pass(31);
        Assert.Empty(_pairs.Now);
    }

    [Fact]
    public void Other_pairs_and_other_processes_have_nothing_to_do_with_it()
    {
        _pairs.Add("a", "b");
        _pairs.Add("c", "a");
        Assert.Equal([("a", "b"), ("a", "c")], _pairs.Now);
        _pairs.Forget("b");
        Assert.Equal([("a", "c")], _pairs.Now);
    }
}
