using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using MiniMind.Coordinator.Grains;
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

    /// <summary>Of a host that does not exist or refuses at once.</summary>
    private const int MostTriesInVain = 2;

    /// <summary>Without a byte for so long a connection is given up.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);

    private readonly ResiliencePipeline _patience = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = MostTries - 1, Delay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(60), BackoffType = DelayBackoffType.Exponential,
            ShouldHandle = arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is NoProgressException fault && (!fault.IsUnreachable || arguments.AttemptNumber < MostTriesInVain - 1)),
            DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as NoProgressException)?.RetryAfter),
            OnRetry = arguments =>
            {
                tell($"{arguments.Outcome.Exception?.Message}; trying again in {arguments.RetryDelay.TotalSeconds:0} s");
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    /// <summary>Opens the partial file; tests put one in that fills up.</summary>
    public Func<string, FileStream> Open { get; init; } = PartialFile.OpenAtEnd;

    /// <summary>What to do about a hub that cannot be reached.</summary>
    public string Advice { get; init; } = "try --hub, --endpoint or --proxy";

    /// <summary>Folders that were made for nothing are removed again.</summary>
    /// <exception cref="InputException">There is no such file, it may not be had, or the disk has too little space.</exception>
    /// <exception cref="RunFailedException">The hub cannot be reached, or the content is not what it should be.</exception>
    /// <exception cref="DiskFullException">The disk filled up on the way.</exception>
    public async Task<DownloadedFile> RunAsync(Uri address, string path, IProgress<DownloadProgress>? progress, CancellationToken ct)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var made = Missing(folder);
        try
        {
            return await RunAsync(address, path, folder, progress, ct);
        }
        finally
        {
            foreach (string empty in made.Where(place => Directory.Exists(place) && !Directory.EnumerateFileSystemEntries(place).Any())) Directory.Delete(empty);
        }
    }

    /// <summary>A folder and those above it that are not there, the innermost first.</summary>
    private static List<string> Missing(string folder)
    {
        var missing = new List<string>();
        for (string? place = folder; place is not null && !Directory.Exists(place); place = Path.GetDirectoryName(place)) missing.Add(place);
        return missing;
    }

    private async Task<DownloadedFile> RunAsync(Uri address, string path, string folder, IProgress<DownloadProgress>? progress, CancellationToken ct)
    {
        int tries = 0;
        using var held = Hold(path, folder);
        using var part = new PartialFile(path, address, tell, Open);
        try
        {
            while (true)
            {
                // Tries are counted only as long as they bring nothing that was not there before: there are only so many bytes.
                tries = 0;
                var file = await _patience.ExecuteAsync(async token =>
                {
                    tries++;
                    return await FetchAsync(part, address, progress, token) ? await part.CompleteAsync(token) : null;
                }, ct);
                if (file is not null) return file;
                tell($"the connection broke after {part.Length:N0} bytes; trying again");
            }
        }
        catch (NoProgressException fault)
        {
            throw new RunFailedException($"{address}: {fault.Message}, after {tries} tries; {part.Fate}. If this host cannot be reached from here, {Advice}");
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            tell($"stopped; {part.Fate}");
            throw;
        }
        catch (IOException fault) when (DiskFull.IsCause(fault))
        {
            throw new DiskFullException(folder, part.Fate, "--out", fault);
        }
    }

    /// <summary>Keeps other processes from writing the same file.</summary>
    private static FileStream Hold(string path, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return LockFile.OpenPassing(path + PartialFile.Ending + ".lock");
        }
        catch (IOException fault) when (DiskFull.IsCause(fault))
        {
            throw new DiskFullException(folder, "nothing was downloaded", "--out", fault);
        }
        catch (IOException fault) when (LockFile.IsHeld(fault))
        {
            throw new InputException($"{path}: another process is downloading this file; wait for it, or choose another folder with --out", fault);
        }
    }

    /// <summary>One connection. True: everything is there; false: more came than ever before, then it broke.</summary>
    private async Task<bool> FetchAsync(PartialFile part, Uri address, IProgress<DownloadProgress>? progress, CancellationToken ct)
    {
        using var stalled = new CancellationTokenSource(Stall, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stalled.Token, ct);
        long reached = part.Reached;
        try
        {
            using var answer = await client.AskAsync(address, part.Position, part.Note?.Tag, either.Token);
            if (answer.Response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && part.Position > 0)
            {
                part.RequireWhole(answer);
                return true;
            }

            RequireSuccess(answer.Response, address);
            await part.BeginAsync(answer);
            await using var content = await answer.Response.Content.ReadAsStreamAsync(either.Token);
            var block = new byte[1 << 18];
            int count;
            while (!part.IsTooLong && (count = await content.ReadAsync(block, either.Token)) > 0)
            {
                stalled.CancelAfter(Stall);
                part.Append(block.AsSpan(0, count));
                progress?.Report(new DownloadProgress(part.Length, part.Note!.Size));
            }

            if (part.Length < part.Note!.Size) throw new HttpIOException(HttpRequestError.ResponseEnded, $"the connection ended after {part.Length:N0} of {part.Note.Size:N0} bytes");
            return true;
        }
        catch (Exception fault) when (IsBroken(fault, ct))
        {
            if (part.Reached > reached) return false;
            if (fault is NoProgressException told) throw told;
            string words = stalled.IsCancellationRequested ? $"nothing came for {Stall.TotalSeconds:0} s" : fault.Message.TrimEnd('.');
            throw new NoProgressException($"{words}{client.Via(address)}") { IsUnreachable = IsUnreachable(fault) };
        }
    }

    private static bool IsUnreachable(Exception fault) => fault is HttpRequestException request
        && (request.HttpRequestError == HttpRequestError.NameResolutionError || request.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused });

    private static bool IsBroken(Exception fault, CancellationToken ct) =>
        fault is HttpRequestException or NoProgressException or HttpIOException || (fault is OperationCanceledException && !ct.IsCancellationRequested)
        || (fault is IOException && !DiskFull.IsCause(fault));

    private static void RequireSuccess(HttpResponseMessage response, Uri address)
    {
        if (response.IsSuccessStatusCode) return;
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
}
