using System.Globalization;
using MiniMind.Chaos.Fleets;
using MiniMind.Chaos.Network;

namespace MiniMind.Chaos.Faults;

/// <summary>Faults that strike at a moment of the protocol. What would be over at once is made to last by a slow link.</summary>
internal sealed class Moments(Fleet fleet, INetwork network, RunWatch watch, TimeProvider time)
{
    // The state of the model that is trained has 2.7 MB: with these it takes seconds.
    private const long UploadRate = 1 << 20;
    private const long CopyRate = 128 << 10;

    /// <summary>Waits for the next checkpoint, and kills its writer while the files are handed over.</summary>
    public async Task<Struck> KillWriterAsync(CancellationToken over)
    {
        var slow = network.Slow(fleet.Leader, fleet.Running, UploadRate);
        try
        {
            // The first rank writes.
            do await watch.CheckpointBegunAsync(over);
            while (!fleet.Running.Contains(watch.Members[0]));
            var writer = watch.Members[0];
            fleet.Kill(writer);
            return new Struck($"SIGKILL of {writer} while it hands over a checkpoint", () => fleet.Start(writer));
        }
        finally
        {
            slow.Heal();
        }
    }

    /// <summary>Lets a worker come back, and kills the one whose state it copies.</summary>
    /// <param name="joiner">Who comes back.</param>
    /// <param name="into">How long it may copy before.</param>
    public async Task<Struck> KillSourceAsync(string joiner, TimeSpan into, CancellationToken over)
    {
        var slow = network.Slow(joiner, [.. fleet.Running.Where(name => name != joiner)], CopyRate);
        try
        {
            var known = watch.Generation;
            fleet.Kill(joiner);
            fleet.Start(joiner);
            // Its first generation begins with the copy, from the first rank: newcomers come last.
            await watch.UntilAsync(_ => watch.Generation > known && watch.Members.Contains(joiner) && watch.Members.Count > 1, over);
            // The moment is the schedule's: nothing tells from outside how far a copy has come.
            await Task.Delay(into, time, over);
            var source = watch.Members.First(name => name != joiner);
            fleet.Kill(source);
            return new Struck(
                string.Create(CultureInfo.InvariantCulture, $"SIGKILL of {joiner}; it came back, and {into.TotalSeconds:0.0} s into its copy SIGKILL of {source}"),
                () => fleet.Start(source));
        }
        finally
        {
            slow.Heal();
        }
    }
}
