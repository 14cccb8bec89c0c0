using MiniMind.Coordinator.Grains;
using Polly;

namespace MiniMind.Coordinator.Cluster;

/// <summary>
/// The run's grain as its pipeline calls it: a call whose activation dies with another coordinator is made again, which changes nothing when it was answered already.
/// </summary>
/// <param name="grain">The grain.</param>
/// <param name="patience">How long; nothing is tried again where there is one coordinator.</param>
internal sealed class RunClient(IRunGrain grain, ResiliencePipeline patience)
{
    /// <inheritdoc cref="IRunGrain.RecordAsync"/>
    public Task<RunRecord> RecordAsync() => AskAsync(grain.RecordAsync);

    /// <inheritdoc cref="IRunGrain.OpenAsync"/>
    public Task<string?> OpenAsync(string identity, string settings, Dictionary<string, string> inputs, List<byte[]> planned) =>
        AskAsync(() => grain.OpenAsync(identity, settings, inputs, planned));

    /// <inheritdoc cref="IRunGrain.BeginStageAsync"/>
    public Task<long> BeginStageAsync(byte[] spec, int expectedWorkers, string[]? survivors) => AskAsync(() => grain.BeginStageAsync(spec, expectedWorkers, survivors));

    /// <inheritdoc cref="IRunGrain.WatchAsync"/>
    public Task WatchAsync(IRunWatcher watcher) => AskAsync(() => grain.WatchAsync(watcher));

    /// <inheritdoc cref="IRunGrain.StopAsync"/>
    public Task StopAsync(string reason) => AskAsync(() => grain.StopAsync(reason));

    /// <inheritdoc cref="IRunGrain.DismissAsync"/>
    public Task DismissAsync(string reason) => AskAsync(() => grain.DismissAsync(reason));

    /// <inheritdoc cref="IRunGrain.ResignAsync"/>
    public Task ResignAsync(string silo, string? ending) => AskAsync(() => grain.ResignAsync(silo, ending));

    private async Task AskAsync(Func<Task> call) => await patience.ExecuteAsync(async _ => await call());

    private async Task<T> AskAsync<T>(Func<Task<T>> call) => await patience.ExecuteAsync(async _ => await call());
}
