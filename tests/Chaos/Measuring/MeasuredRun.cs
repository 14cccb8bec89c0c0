using MiniMind.Chaos.Fleets;
using MiniMind.Chaos.Network;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Measuring;

/// <summary>
/// A long run of a model of 26 million parameters with three workers. With four lanes the busiest worker has two of them, whether three workers are there
/// or two: so a step takes the same time before and after a loss.
/// </summary>
public sealed class MeasuredRun : IAsyncDisposable
{
    /// <summary>Workers that are wanted.</summary>
    public const int Workers = 3;

    private const string Folder = "measured";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly string[] Settings =
    [
        "model.hidden_size=512", "model.layers=8", "model.heads=8", "model.key_value_heads=2", "model.feed_forward_size=1408", "model.vocabulary_size=6400",
        "lanes=4", "sequence_length=64", "pretrain.epochs=1000", "pretrain.validation_interval=0", "pretrain.checkpoint_interval=0",
    ];

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _over = new();

    /// <summary>Starts everything.</summary>
    public MeasuredRun(TinyProject project, Action<SeenEvent> told, TimeProvider time)
    {
        _time = time;
        Directory.CreateDirectory(project.PathOf(Folder));
        Watch = new RunWatch(project.PathOf(Folder), time);
        Watch.Happened += told;
        var roster = new Roster();
        Network = new ProxyNetwork(roster, time);
        Fleet = new Fleet(new FleetOptions(project, Folder, [.. Settings.SelectMany(setting => (string[])["--set", setting])]), Network, roster, time);
        Fleet.Ended += (name, ended) => _over.Cancel();
        foreach (var name in Fleet.Coordinators.Concat(Names)) Fleet.Start(name);
    }

    /// <summary>Names of all workers.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enumerable.Range(0, Workers).Select(index => $"worker-{index}")];

    /// <summary>Between its processes.</summary>
    public INetwork Network { get; }

    /// <summary>Its processes.</summary>
    public Fleet Fleet { get; }

    /// <summary>What it writes.</summary>
    public RunWatch Watch { get; }

    /// <summary>Last committed step.</summary>
    public long At => Watch.Newest?.Step ?? 0;

    /// <summary>Waits until all workers take part and some more steps have been committed.</summary>
    public async Task CompleteAsync(int steps)
    {
        await UntilAsync(watch => Names.All(watch.Members.Contains));
        var from = At;
        await UntilAsync(_ => At >= from + steps);
    }

    /// <summary>Waits until something holds; fails when a process ends that nobody has ended, or after some minutes.</summary>
    public Task UntilAsync(Func<RunWatch, bool> met) => Watch.UntilAsync(met, _over.Token).WaitAsync(Patience, _time);

    /// <summary>Seconds between two steps that follow each other, in the middle of many.</summary>
    public double StepSeconds(long first, long last) => Median([.. Watch.Steps.Where(step => step.Step >= first && step.Step <= last)
        .Zip(Watch.Steps.Where(step => step.Step > first && step.Step <= last), (one, next) => _time.GetElapsedTime(one.Seen, next.Seen).TotalSeconds)]);

    /// <summary>The middle one of several values.</summary>
    public static double Median(IReadOnlyList<double> values) =>
        values.Count == 0 ? double.NaN : (values.Order().ElementAt((values.Count - 1) / 2) + values.Order().ElementAt(values.Count / 2)) / 2;

    /// <summary>Ends all processes.</summary>
    public async ValueTask DisposeAsync()
    {
        await Fleet.DisposeAsync();
        await Network.DisposeAsync();
        Watch.Dispose();
        _over.Dispose();
    }
}
