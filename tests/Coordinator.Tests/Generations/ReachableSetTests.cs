using MiniMind.Coordinator.Generations;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class ReachableSetTests
{
    [Theory]
    [InlineData("", "", "")]
    [InlineData("abc", "", "abc")]
    [InlineData("abc", "ab", "ac")]            // a tie: the older of the two stays
    [InlineData("abc", "ba", "ac")]            // whoever complained
    [InlineData("abc", "ab bc ac", "a")]
    [InlineData("abcd", "ab ac ad", "bcd")]    // a is cut off: the larger set wins over the oldest
    [InlineData("abcd", "ac ad bc bd", "ab")]  // a network in two halves
    [InlineData("abcde", "ab bc cd de ea", "ac")]
    [InlineData("abc", "xy", "abc")]           // pairs of others change nothing
    public void Largest_set_wins_and_ties_go_to_the_oldest(string workers, string apart, string expected) =>
        Assert.Equal(expected, Views.Names(ReachableSet.Largest(Views.Workers(workers), Views.View(workers, apart: apart).Unreachable)));

    [Theory]
    [InlineData("abc", "", "c", "abc")]
    [InlineData("abc", "ab ac", "a", "a")]      // alone with what counts
    [InlineData("abcd", "ab cd", "bd", "ad")]   // a tie: the older first
    [InlineData("abc", "", "", "")]
    public void Largest_set_with_one_of_some(string workers, string apart, string oneOf, string expected)
    {
        var all = Views.Workers(workers);
        var some = all.Where(worker => oneOf.Contains(worker.Worker, StringComparison.Ordinal)).ToList();
        Assert.Equal(expected, Views.Names(ReachableSet.Largest(all, Views.View(workers, apart: apart).Unreachable, some)));
    }

    /// <summary>Compared with a search through all subsets.</summary>
    [Fact]
    public void Largest_set_of_random_networks_is_as_large_and_as_old_as_any()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var workers = Views.Workers("abcdefg"[..random.Next(1, 8)]);
            var pairs = (from one in workers from other in workers where one.Age < other.Age && random.Next(3) == 0 select (one.Worker, other.Worker)).ToList();
            var best = Enumerable.Range(0, 1 << workers.Count)
                .Select(mask => workers.Where((_, i) => (mask >> i & 1) == 1).ToList())
                .Where(set => !pairs.Any(pair => set.Any(worker => worker.Worker == pair.Item1) && set.Any(worker => worker.Worker == pair.Item2)))
                .OrderByDescending(set => set.Count).ThenBy(set => Views.Names(set), StringComparer.Ordinal).First();
            Assert.Equal(Views.Names(best), Views.Names(ReachableSet.Largest(workers, pairs)));
        }
    }
}
