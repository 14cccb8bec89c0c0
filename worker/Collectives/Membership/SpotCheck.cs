using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Membership;

/// <summary>The lane that is computed a second time in a step, and by whom. All ranks come to the same without a message.</summary>
/// <param name="Lane">The lane.</param>
/// <param name="Owner">Rank that computes it for the step.</param>
/// <param name="Checker">Rank that computes it to compare with: another one, unless there is only one.</param>
public readonly record struct SpotCheck(int Lane, int Owner, int Checker)
{
    /// <summary>
    /// The check of a step (from 1). Lanes take turns, and each time that all have had theirs they pass on to the next checker: in so many checks as there are
    /// lanes × other ranks every lane is checked once by every rank that does not own it, hot spares included.
    /// </summary>
    /// <param name="interval">Steps between checks; 0: never.</param>
    /// <param name="seed">Decides which lane comes first.</param>
    /// <returns>Null when the step is not checked.</returns>
    public static SpotCheck? Of(long step, long interval, ulong seed, GenerationPlan plan)
    {
        if (interval <= 0 || step % interval != 0) return null;
        var (round, turn) = Math.DivRem(step / interval - 1, plan.Lanes);
        var lane = (int)((seed % (ulong)plan.Lanes + (ulong)turn) % (ulong)plan.Lanes);
        var owner = plan.Members.TakeWhile(member => !member.Lanes.Contains(new LaneRange(lane, lane + 1))).Count();
        var others = plan.WorldSize - 1;
        return new SpotCheck(lane, owner, others == 0 ? owner : (int)((owner + 1 + round % others) % plan.WorldSize));
    }
}
