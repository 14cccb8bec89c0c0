using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Services;
using Polly;
using Polly.Retry;

namespace MiniMind.Coordinator.Cluster;

/// <summary>
/// This process among the coordinators of its run: says at a steady interval that it is there, learns whether it leads, and keeps whatever activation of the
/// run's grain there is at the stage that is being led.
/// </summary>
internal sealed class Post : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestOutage = TimeSpan.FromMinutes(10);

    // A run that cannot be led at all is not waited for as long.
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ResignPatience = TimeSpan.FromSeconds(10);

    private readonly CoordinatorHost _host;
    private readonly IRunGrain _grain;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource<Standing> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _follows = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _standing;
    private volatile Func<Task>? _leading;

    public Post(CoordinatorHost host, IRunGrain grain, TimeProvider time)
    {
        (_host, _grain, _time) = (host, grain, time);
        Run = new RunClient(grain, Patience(time));
        _standing = StandAsync();
    }

    /// <summary>The run's grain, for what is repeated anyhow.</summary>
    public IRunGrain Grain => _grain;

    /// <summary>The run's grain, whoever holds it.</summary>
    public RunClient Run { get; }

    /// <summary>Completes when it is known that another coordinator leads.</summary>
    public Task Follows => _follows.Task;

    /// <summary>Completes when this coordinator leads, or there is nothing to lead any more; fails with <see cref="Failed"/>.</summary>
    public Task<Standing> Decided => _decided.Task;

    /// <summary>Fails when the run can be reached no more.</summary>
    public Task Failed => _failed.Task;

    /// <summary>What makes an activation of the grain lead the present stage, should it be a new one. Repeated at the interval until the next call; null: nothing.</summary>
    public void Lead(Func<Task>? leading) => _leading = leading;

    /// <summary>This coordinator has led the run to an end.</summary>
    public Task ResignAsync(string ending) => Run.ResignAsync(_host.Silo, ending);

    /// <summary>The same after a fault, which counts for more than whether the others can be told.</summary>
    /// <param name="ending">Null: the run goes on under another coordinator.</param>
    public async Task TryResignAsync(string? ending)
    {
        try
        {
            await Run.ResignAsync(_host.Silo, ending).WaitAsync(ResignPatience, _time);
        }
        catch (Exception fault) when (IsPassing(fault))
        {
            // They find out when this silo is gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _standing;
        _over.Dispose();
    }

    private bool HasStood => _decided.Task.IsCompleted || Follows.IsCompleted;

    private async Task StandAsync()
    {
        var silo = _host.Silo;
        var heard = _time.GetTimestamp();
        while (!_over.IsCancellationRequested)
        {
            try
            {
                var standing = await _grain.StandAsync(silo, _host.Address, Follows.IsCompleted);
                if (standing == Standing.Follows) _follows.TrySetResult();
                else _decided.TrySetResult(standing);
                if (_leading is { } leading) await leading();
                heard = _time.GetTimestamp();
            }
            catch (Exception fault) when (IsPassing(fault) && _time.GetElapsedTime(heard) < (HasStood ? LongestOutage : LongestStart))
            {
                // The activation is gone with its process, or waits for the storage: the next call finds another one, or the same.
            }
            catch (Exception fault)
            {
                var failure = new RunFailedException($"the run's state cannot be reached or read: {fault.GetBaseException().Message.Split('\n')[0]}");
                _decided.TrySetException(failure);
                _failed.TrySetException(failure);
                return;
            }
            // The interval at which it says that it is there.
            await Task.Delay(Interval, _time, _over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static bool IsPassing(Exception fault) => fault is OrleansException or TimeoutException;

    private static ResiliencePipeline Patience(TimeProvider time) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = outcome => ValueTask.FromResult(outcome.Outcome.Exception is { } fault && IsPassing(fault)),
            MaxRetryAttempts = (int)(LongestOutage / Interval), Delay = Interval, BackoffType = DelayBackoffType.Constant,
        })
        .Build();
}
