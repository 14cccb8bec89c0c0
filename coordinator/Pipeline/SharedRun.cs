using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Services;
using MiniMind.Text;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>
/// A run that several processes share, each with its own workers: one leads it, the others stand by. When the leader dies the workers go on, and another
/// one takes over where it was.
/// </summary>
internal sealed class SharedRun(RunOptions options, RunFile run, RunFolder shared, string redis, TimeProvider time)
{
    /// <summary>Leads the run to its end.</summary>
    public delegate Task<StageEnd> LeadAsync(RunLead lead, RunRecord record, bool tookOver, CancellationToken stop);

    /// <exception cref="RunFailedException">The coordinator that led has given the run up.</exception>
    public async Task<int> RunAsync(LeadAsync leadAsync, CancellationToken stop)
    {
        using var seat = Seat.Take(shared);
        var folder = shared with { Seat = seat.Name };
        var cluster = new RedisCluster(redis, Seat.ClusterOf(folder));
        await cluster.RequireServerAsync();
        await using var screen = Screens.Open(options, run, folder, time);
        var notice = new StopNotice(screen);
        await using var told = notice.Watch(stop);
        if (run.Caveat is { } caveat) screen.Message(caveat);
        await using var host = await CoordinatorHost.StartAsync(folder, options.Endpoint, options.Verbose, time, cluster, screen.Message);
        await using var post = new Post(host, host.Grains.GetGrain<IRunGrain>(run.Name), time);
        await using var training = new TrainingCrew(run, folder, host, post.Run, post, screen, notice, time);
        if (await StandByAsync(post, training, screen, notice, stop) == Standing.Over) return await EndAsync(post, training, screen);
        var record = await post.Run.RecordAsync();
        await RefuseStrangerAsync(post, record);
        var lead = new RunLead(run, folder, host, post.Run, training, screen, notice);
        try
        {
            var end = await leadAsync(lead, record, tookOver: post.Follows.IsCompleted, stop);
            await post.ResignAsync(end == StageEnd.Completed ? Endings.Completed : Endings.Halted);
        }
        catch (Exception fault)
        {
            await post.TryResignAsync(fault is OperationCanceledException ? Endings.Halted : fault.Message);
            throw;
        }
        return ExitCodes.Success;
    }

    /// <summary>Waits until this process leads, or the run is over. Its workers train meanwhile.</summary>
    private async Task<Standing> StandByAsync(Post post, TrainingCrew training, IRunScreen screen, StopNotice notice, CancellationToken stop)
    {
        await Task.WhenAny(post.Decided, post.Follows).WaitAsync(stop);
        if (!post.Follows.IsCompleted)
        {
            screen.Message($"this coordinator leads {run.Name}; others that are started by the same command stand by");
            return await post.Decided;
        }
        var record = await post.Run.RecordAsync();
        await RefuseStrangerAsync(post, record);
        screen.Message($"another coordinator leads {run.Name}; this one stands by and takes over when that one is gone");
        notice.Doing(StopNotice.StandingBy);
        training.StartWorkers();
        try
        {
            var standing = await post.Decided.WaitAsync(stop);
            if (standing == Standing.Leads) screen.Message($"the coordinator that led {run.Name} is gone; this one leads from now on");
            return standing;
        }
        catch (OperationCanceledException)
        {
            await training.LeaveAsync();
            throw;
        }
    }

    /// <summary>Who was started with another run file leaves; the run goes on under the others.</summary>
    private async Task RefuseStrangerAsync(Post post, RunRecord record)
    {
        try
        {
            if (record.Identity.Length > 0) RunPipeline.RefuseChanges(record, run, shared, options.File);
        }
        catch (InputException)
        {
            await post.TryResignAsync(ending: null);
            throw;
        }
    }

    private async Task<int> EndAsync(Post post, TrainingCrew training, IRunScreen screen)
    {
        await training.WaitForExitAsync();
        var ending = (await post.Run.RecordAsync()).Ending ?? Endings.Completed;
        if (ending is not (Endings.Completed or Endings.Halted)) throw new RunFailedException($"the coordinator that led {run.Name} has ended it: {ending}");
        screen.Message($"{run.Name}: {ending}");
        return ExitCodes.Success;
    }

    private static class Endings
    {
        public const string Completed = "the run is complete";
        public const string Halted = "the run has halted; the same command with --resume goes on";
    }
}
