using System.Net;
using System.Net.Http.Headers;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using Polly;
using Polly.Retry;

namespace MiniMind.Coordinator.Downloads;

/// <summary>How far a download is.</summary>
/// <param name="Bytes">Bytes that are there.</param>
/// <param name="Total">Bytes in all; null while that is not known.</param>
internal sealed record DownloadProgress(long Bytes, long? Total);

/// <summary>
/// Downloads one file: into FILE.partial, with what it is a part of beside it; goes on where an earlier attempt or process ended; verifies size and hash; then gives it its
/// name. A file that has its name is whole.
/// </summary>
internal sealed class FileDownload(HubClient client, TimeProvider time, Action<string> tell)
{
    private const int MostTries = 6;

    /// <summary>Without a byte for so long a connection is given up.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);

    private readonly ResiliencePipeline _patience = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = MostTries - 1, Delay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(60), BackoffType = DelayBackoffType.Exponential,
            ShouldHandle = new PredicateBuilder().Handle<NoProgressException>(),
            DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as NoProgressException)?.RetryAfter),
            OnRetry = arguments =>
            {
                tell($"{arguments.Outcome.Exception?.Message}; trying again in {arguments.RetryDelay.TotalSeconds:0} s");
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    /// <returns>SHA-256 of the file, lower-case hex.</returns>
    /// <exception cref="InputException">There is no such file, or it may not be had.</exception>
    /// <exception cref="RunFailedException">The hub cannot be reached, or the content is not what it should be.</exception>
    public async Task<string> RunAsync(Uri address, string path, IProgress<DownloadProgress>? progress, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var part = new PartialFile(path, address);
        try
        {
            // As long as anything comes, trying goes on; only tries in vain are counted.
            while (!await _patience.ExecuteAsync(async token => await TryAsync(part, address, progress, token), ct))
                tell($"the connection broke after {part.Length:N0} bytes; going on");
            return await part.CompleteAsync(ct);
        }
        catch (NoProgressException fault)
        {
            throw new RunFailedException($"{address}: {fault.Message}, after {MostTries} tries. What has come is kept; the same command goes on. If this host cannot be reached from here, try --hub, --endpoint or --proxy");
        }
        finally
        {
            part.Close();
        }
    }

    /// <summary>One connection. True: everything is there; false: something came, then it broke.</summary>
    private async Task<bool> TryAsync(PartialFile part, Uri address, IProgress<DownloadProgress>? progress, CancellationToken ct)
    {
        using var stalled = new CancellationTokenSource(Stall, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stalled.Token, ct);
        long before = part.Length;
        try
        {
            using var answer = await client.AskAsync(address, before, part.Note?.Tag, either.Token);
            if (answer.Response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && before > 0)
            {
                // All of it is there already; or it is no part of what is published now.
                if (part.IsWhole) return true;
                part.Remove();
                return false;
            }

            await part.BeginAsync(answer, Check(answer.Response, address));
            before = part.Length;
            await using var content = await answer.Response.Content.ReadAsStreamAsync(either.Token);
            var block = new byte[1 << 18];
            int count;
            while ((count = await content.ReadAsync(block, either.Token)) > 0)
            {
                stalled.CancelAfter(Stall);
                part.Append(block.AsSpan(0, count));
                progress?.Report(new DownloadProgress(part.Length, part.Note!.Size));
            }

            if (part.Note!.Size is { } size && part.Length < size) throw new HttpIOException(HttpRequestError.ResponseEnded, $"the connection ended after {part.Length:N0} of {size:N0} bytes");
            return true;
        }
        catch (Exception fault) when (IsBroken(fault, ct))
        {
            part.Flush();
            if (part.Length > before) return false;
            throw fault as NoProgressException ?? new NoProgressException(stalled.IsCancellationRequested ? $"nothing came for {Stall.TotalSeconds:0} s" : fault.Message);
        }
    }

    private static bool IsBroken(Exception fault, CancellationToken ct) =>
        fault is HttpRequestException or NoProgressException or HttpIOException || (fault is OperationCanceledException && !ct.IsCancellationRequested)
        || (fault is IOException && !DiskFull.IsCause(fault));

    /// <summary>Whether the answer goes on where the request asked; otherwise it is the whole.</summary>
    private static bool Check(HttpResponseMessage response, Uri address)
    {
        if (response.IsSuccessStatusCode) return response.StatusCode == HttpStatusCode.PartialContent;
        string status = $"{(int)response.StatusCode} {response.ReasonPhrase}";
        throw response.StatusCode switch
        {
            HttpStatusCode.NotFound => new InputException($"{address}: there is no such file (404)"),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new InputException($"{address}: the hub refuses it ({status}); if it needs an account, put its token into HF_TOKEN"),
            HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => new NoProgressException($"the server answers {status}") { RetryAfter = Pause(response.Headers.RetryAfter) },
            _ => new InputException($"{address}: the server answers {status}"),
        };
    }

    private static TimeSpan? Pause(RetryConditionHeaderValue? header) => header?.Delta is { } delta ? delta : null;

    /// <summary>A try that brought nothing.</summary>
    private sealed class NoProgressException(string message) : Exception(message)
    {
        public TimeSpan? RetryAfter { get; init; }
    }
}
