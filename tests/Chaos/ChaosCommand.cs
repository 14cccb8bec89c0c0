using System.CommandLine;
using MiniMind.Chaos.Measuring;
using MiniMind.Chaos.Network;
using MiniMind.TestKit;

namespace MiniMind.Chaos;

/// <summary>The command line.</summary>
public static class ChaosCommand
{
    private const int WrongInput = 2;
    private const int Interrupted = 130;

    /// <summary>How long it may take to end all processes and take the network down after Ctrl-C.</summary>
    public static readonly TimeSpan CleaningPatience = TimeSpan.FromSeconds(30);

    /// <summary>The options, bound to what they do.</summary>
    public static RootCommand Build()
    {
        var seed = Number("--seed", "Decides the faults; the same seed gives the same ones.", 1, 0, int.MaxValue);
        var count = Number("--count", "Number of schedules: of this seed, the next one, ….", 1, 1, 1000);
        var workers = Number("--workers", "Worker processes at the start.", 3, 1, 16);
        var faults = Number("--faults", "Number of faults.", 12, 1, 1000);
        var kind = Choice("--kind", "Stage that is disturbed.", ChaosOptions.Pretrain, ChaosOptions.Sft);
        var network = Choice("--network", "What is between the processes: proxies on loopback, or network namespaces with links that tc shapes (needs root and iproute2).", ChaosOptions.Proxies, ChaosOptions.Namespaces);
        var rate = new Option<LinkRate>("--rate")
        {
            Description = "Of each link between network namespaces, both ways.", HelpName = "100mbit|1gbit|…", DefaultValueFactory = _ => ChaosOptions.StandardRate,
            CustomParser = result =>
            {
                if (LinkRate.Parse(result.Tokens[0].Value) is { } read) return read;
                result.AddError($"--rate: expected a rate such as 100mbit, 1gbit or 500kbit, found '{result.Tokens[0].Value}'");
                return null;
            },
        };
        var redis = new Option<bool>("--redis") { Description = "Two coordinators share the run through a redis-server, which is started and disturbed, too." };
        var stopCoordinator = new Option<bool>("--stop-coordinator") { Description = "Among the faults: the coordinator that leads is stopped and goes on later." };
        var keep = new Option<string?>("--keep") { Description = "Folder for all runs and logs, which stay there; it must be new. Without it they go to a temporary one, which stays only when something is wrong.", HelpName = "DIR" };
        var root = new RootCommand("Trains with real processes that are killed, stopped and cut off from each other, and proves that the result is that of an undisturbed run.")
        {
            seed, count, workers, faults, kind, network, rate, redis, stopCoordinator, keep,
        };
        root.SetAction((parsed, stop) => RunAsync(
            new ChaosOptions(parsed.GetValue(seed), parsed.GetValue(workers), parsed.GetValue(faults), parsed.GetRequiredValue(kind))
            {
                Network = parsed.GetRequiredValue(network), Rate = parsed.GetRequiredValue(rate), Redis = parsed.GetValue(redis), StopCoordinator = parsed.GetValue(stopCoordinator),
            },
            parsed.GetValue(count), parsed.GetValue(keep), parsed.InvocationConfiguration, stop));
        root.Add(Measure());
        return root;
    }

    private static async Task<int> RunAsync(ChaosOptions options, int count, string? keep, InvocationConfiguration console, CancellationToken stop)
    {
        var missing = options.Network == ChaosOptions.Namespaces ? Namespaces.Missing() : null;
        if (options.Redis && !SystemCommand.Exists("redis-server")) missing ??= "--redis: expected the program redis-server, found none; apt-get install redis-server";
        if (missing is not null)
        {
            console.Error.WriteLine($"error: {missing}");
            return WrongInput;
        }
        try
        {
            return await new Comparison(options, count, keep, console.Output, TimeProvider.System).RunAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
    }

    private static Command Measure()
    {
        var loss = new Option<Loss>("--loss") { Description = "How a worker is lost.", HelpName = "kill|stop|isolate|cut" };
        var times = Number("--times", "How often.", 20, 1, 1000);
        var every = Number("--every", "Kill one of two workers every so many seconds instead, and compare with what they commit undisturbed; 0: no.", 0, 0, 3600);
        var seed = Number("--seed", "Decides who is lost, and when in a step.", 1, 0, int.MaxValue);
        var command = new Command("measure", "Measure how long a run of a 26M model with three workers stands still when it loses one, or what losses in a steady rhythm cost.") { loss, times, every, seed };
        command.SetAction(async parsed =>
        {
            const int Turns = 3;
            var measure = new RecoveryMeasure(parsed.GetValue(seed), parsed.InvocationConfiguration.Output, TimeProvider.System);
            if (parsed.GetValue(every) is > 0 and var seconds) await measure.RhythmAsync(TimeSpan.FromSeconds(seconds), parsed.GetValue(times), Turns);
            else await measure.LossesAsync(parsed.GetValue(loss), parsed.GetValue(times));
            return 0;
        });
        return command;
    }

    private static Option<string> Choice(string name, string description, string standard, string other)
    {
        var option = new Option<string>(name) { Description = description, HelpName = $"{standard}|{other}", DefaultValueFactory = _ => standard };
        option.AcceptOnlyFromAmong(standard, other);
        return option;
    }

    private static Option<int> Number(string name, string description, int standard, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => standard };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < least || value > most)) result.AddError($"{name}: expected {least} to {most}, found {value}");
        });
        return option;
    }
}
