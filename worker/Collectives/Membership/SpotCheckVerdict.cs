using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>Who computed a lane wrongly.</summary>
/// <param name="Odd">The ranks that did; none when that cannot be told.</param>
/// <param name="Reason">In plain words.</param>
internal sealed record SpotCheckVerdict(IReadOnlyList<int> Odd, string Reason)
{
    /// <summary>The lowest lane of which the tails hold different gradients or sums; null when there is none.</summary>
    public static int? DisputedLane(IReadOnlyList<Tail> tails) => tails.SelectMany(tail => tail.SpotChecks)
        .GroupBy(computed => computed.Lane).Where(lane => lane.Distinct().Count() > 1).Min(lane => (int?)lane.Key);

    /// <summary>
    /// Right is what most ranks get when all compute the lane once more; wrong is whoever has ever got anything else. Without such a majority those are wrong that
    /// do not get the same twice.
    /// </summary>
    /// <param name="first">Tails of the step, in rank order.</param>
    /// <param name="second">What each rank got when it computed the lane again.</param>
    /// <param name="name">Of a rank, for people.</param>
    public static SpotCheckVerdict Of(int lane, IReadOnlyList<Tail> first, IReadOnlyList<Tail> second, Func<int, string> name)
    {
        var ranks = Enumerable.Range(0, first.Count).ToList();
        var found = ranks.ConvertAll(
            rank => first[rank].SpotChecks.Concat(second[rank].SpotChecks).Where(computed => computed.Lane == lane).Distinct().ToList());
        var unsteady = ranks.FindAll(rank => found[rank].Count > 1);
        var most = second.SelectMany(tail => tail.SpotChecks).GroupBy(computed => computed).MaxBy(equal => equal.Count())!;
        var odd = 2 * most.Count() > ranks.Count ? ranks.FindAll(rank => found[rank].Exists(computed => !computed.Equals(most.Key))) : unsteady;
        string Names(IEnumerable<int> some) => string.Join(" and ", some.Select(name));
        if (odd.Count == 0)
        {
            var parties = ranks.Where(rank => first[rank].SpotChecks.Any(computed => computed.Lane == lane));
            return new SpotCheckVerdict(
                odd, $"{Names(parties)} compute different gradients of lane {lane} from the same weights, each the same one twice (one more worker would show whose is wrong)");
        }
        var why = odd.Intersect(unsteady).Any() ? "computed again it is another one" : $"{most.Count()} of {ranks.Count} ranks get another one";
        return new SpotCheckVerdict(odd, $"the gradient of lane {lane} that {Names(odd)} computed is wrong: {why}");
    }
}
