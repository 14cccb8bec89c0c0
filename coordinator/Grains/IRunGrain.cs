using MiniMind.Coordinator.Cluster;

namespace MiniMind.Coordinator.Grains;

/// <summary>
/// One run, led by one activation: holds what is known about its workers, decides generations, keeps the ledger. Messages of the wire travel
/// as their bytes. Calls are handled one after another.
/// </summary>
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>One of several coordinators says that it is there, at a steady interval; it drives the pipeline from now on if nobody else does.</summary>
    /// <param name="silo">Its silo.</param>
    /// <param name="address">Where workers reach it.</param>
    /// <param name="followed">It has followed another one.</param>
    Task<Standing> StandAsync(string silo, string address, bool followed);

    /// <summary>The coordinator that drives the pipeline has brought the run to an end, for all, or leaves it to them.</summary>
    /// <param name="silo">Its silo.</param>
    /// <param name="ending">What the others say of it; null: it has not ended, another one of them leads it.</param>
    Task ResignAsync(string silo, string? ending);

    /// <summary>Leads a stage from now on. A stage that is led already goes on.</summary>
    /// <param name="spec">StageSpec.</param>
    /// <param name="expectedWorkers">The first generation starts when so many are prepared.</param>
    /// <param name="survivors">Workers of an earlier coordinator's generation that may still be there; null: all of them.</param>
    /// <returns>The step after which the stage goes on.</returns>
    Task<long> BeginStageAsync(byte[] spec, int expectedWorkers, string[]? survivors);

    /// <summary>Where the run durably stands: what has to be done again after a restart.</summary>
    Task<RunRecord> RecordAsync();

    /// <summary>Begins a run, or goes on with it.</summary>
    /// <param name="identity">Hash of all that may change bits.</param>
    /// <param name="settings">The run file's part of it in plain text, to tell what has changed.</param>
    /// <param name="inputs">The other part: hashes by key.</param>
    /// <param name="planned">StageSpec of every training stage.</param>
    /// <returns>Null, or why the run cannot be gone on with.</returns>
    Task<string?> OpenAsync(string identity, string settings, Dictionary<string, string> inputs, List<byte[]> planned);

    /// <summary>Watches what happens, until the watcher is gone. To do so twice changes nothing.</summary>
    Task WatchAsync(IRunWatcher watcher);

    /// <summary>A worker's stream opens.</summary>
    /// <param name="hello">Hello.</param>
    Task ConnectAsync(byte[] hello, IOrderReceiver orders);

    /// <summary>A worker reports.</summary>
    /// <param name="report">WorkerReport.</param>
    /// <returns>False: this activation knows no open stream of that process, which should open one and tell again what is not yet durable.</returns>
    Task<bool> ReportAsync(string worker, string incarnation, byte[] report);

    /// <summary>A worker's stream ended.</summary>
    /// <param name="orders">What the stream was opened with: the worker may have opened another since.</param>
    Task DisconnectAsync(string worker, string incarnation, IOrderReceiver orders);

    /// <summary>A checkpoint's folder has been assembled in the background, or could not be.</summary>
    /// <param name="written">CheckpointWritten.</param>
    /// <param name="fault">What went wrong; null when the folder is complete.</param>
    Task AssembledAsync(byte[] written, string? fault);

    /// <summary>Asks all workers to checkpoint and halt.</summary>
    Task StopAsync(string reason);

    /// <summary>Asks all workers for a checkpoint after the step in flight.</summary>
    Task CheckpointAsync();

    /// <summary>Tells all workers that there is nothing more to do.</summary>
    Task DismissAsync(string reason);

    /// <summary>State for people.</summary>
    /// <returns>RunStatus.</returns>
    Task<byte[]> StatusAsync();
}

/// <summary>Takes orders to one worker's stream.</summary>
public interface IOrderReceiver : IGrainObserver
{
    /// <param name="order">CoordinatorOrder.</param>
    Task ObeyAsync(byte[] order);
}

/// <summary>Hears what happens in a run.</summary>
public interface IRunWatcher : IGrainObserver
{
    /// <param name="runEvent">RunEvent.</param>
    Task HappenedAsync(byte[] runEvent);
}
