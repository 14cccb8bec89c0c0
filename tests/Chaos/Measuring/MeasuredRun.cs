using MiniMind.Chaos.Fleets;
using MiniMind.Chaos.Network;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Measuring;

/// <summary>
/// A long run of a model of 26 million parameters and four lanes. With three workers as with two the busiest one has two lanes: a step takes the same time
/// before and after a loss.
/// </summary>
public sealed class MeasuredRun : IAsyncDisposable
{
    private const string Folder = "measured";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly string[] Settings =
    [
        "model.hidden_size=512", "model.layers=8", "model.heads=8", "model.key_value_heads=2", "model.feed_forward_size=1408", "model.vocabulary_size=6400",
        "lanes=4", "sequence_length=64", "pretrain.epochs=1000", "pretrain.validation_interval=0", "pretrain.checkpoint_interval=0",
        "pretrain.spot_check_interval=0",
    ];

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _over = new();

    /// <summary>Starts everything.</summary>
    /// <param name="project">Belongs to this run alone.</param>
    /// <param name="workers">How many take part.</param>
    /// <param name="places">Where the processes are.</param>
    /// <param name="roster">Is told whose they are.</param>
    /// <param name="told">What happens to the members.</param>
    /// <param name="time">The clock.</param>
    public MeasuredRun(TinyProject project, int workers, IPlaces places, Roster roster, Action<SeenEvent> told, TimeProvider time)
    {
        _time = time;
        Names = [.. Enumerable.Range(0, workers).Select(index => $"worker-{index}")];
        Directory.CreateDirectory(project.PathOf(Folder));
        Watch = new RunWatch(project.PathOf(Folder), time);
        Watch.Happened += told;
        Fleet = new Fleet(new FleetOptions(project, Folder, [.. Settings.SelectMany(setting => (string[])["--set", setting])]), places, roster, time);
        Fleet.Ended += (name, ended) => _over.Cancel();
        foreach (var name in Fleet.Coordinators.Concat(Names)) Fleet.Start(name);
    }

    /// <summary>Names of all workers.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Its processes.</summary>
    public Fleet Fleet { get; }

    /// <summary>What it writes.</summary>
    public RunWatch Watch { get; }

    /// <summary>Last committed step.</summary>
    public long At => Watch.Newest?.Step ?? 0;

    /// <summary>Waits until all workers take part and so many steps have been committed since the newest generation was formed.</summary>
    public Task CompleteAsync(int steps) =>
        UntilAsync(watch => Names.All(watch.Members.Contains) && watch.Steps.TakeLast(steps).All(step => step.Seen > watch.Formed) && watch.Steps.Count >= steps);

    /// <summary>Waits until some more steps have been committed.</summary>
    public Task MoreAsync(int steps)
    {
        var from = At;
        return UntilAsync(_ => At >= from + steps);
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
        Watch.Dispose();
        _over.Dispose();
    }
}
