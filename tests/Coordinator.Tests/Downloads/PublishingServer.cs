using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MiniMind.Coordinator.Tests.Downloads;

/// <summary>A hub on loopback that behaves as badly as a test wants it to. Every request is answered by the next planned behaviour, else properly.</summary>
internal sealed class PublishingServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private PublishingServer(WebApplication application) => _application = application;

    public Uri Address => new(_application.Urls.Single());

    public byte[] Content { get; set; } = [];

    public string Tag { get; set; } = "\"one\"";

    /// <summary>What the hub says the content's SHA-256 is; "": it says nothing; null: the truth.</summary>
    public string? Hash { get; set; }

    public bool KnowsRanges { get; set; } = true;

    /// <summary>Answers to ranges claim to begin so many bytes later than they do.</summary>
    public int RangeShift { get; set; }

    public bool SaysLength { get; set; } = true;

    /// <summary>What the next requests get instead of a proper answer.</summary>
    public ConcurrentQueue<Func<HttpContext, Task<bool>>> Planned { get; } = new();

    /// <summary>(path, range, authorization) of each request.</summary>
    public ConcurrentQueue<(string Path, string Range, string Authorization)> Requests { get; } = new();

    public static async Task<PublishingServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        // Other tests send signals to this process, which are none of this server's business.
        builder.Services.AddSingleton<IHostLifetime, Deaf>();
        var server = new PublishingServer(builder.Build());
        server._application.Run(server.AnswerAsync);
        await server._application.StartAsync();
        return server;
    }

    /// <summary>The next request is answered with so many bytes, and then the connection breaks.</summary>
    public void BreakAfter(int bytes) => Planned.Enqueue(async context =>
    {
        // Less than was announced: the server cuts the connection, after what was sent.
        await SendAsync(context, bytes);
        return true;
    });

    /// <summary>The next request is refused for now.</summary>
    public void Refuse(int status, string? retryAfter = null) => Planned.Enqueue(context =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null) context.Response.Headers.RetryAfter = retryAfter;
        return Task.FromResult(true);
    });

    /// <summary>Sends so many bytes, then nothing more until the client has gone.</summary>
    public async Task StallAsync(HttpContext context, int bytes)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await SendAsync(context, bytes);
        await gone.Task;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    private sealed class Deaf : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Requests.Enqueue((context.Request.Path, context.Request.Headers.Range.ToString(), context.Request.Headers.Authorization.ToString()));
        if (Planned.TryDequeue(out var planned) && await planned(context)) return;
        await SendAsync(context, int.MaxValue);
    }

    private async Task SendAsync(HttpContext context, int most)
    {
        string range = context.Request.Headers.Range.ToString();
        bool unchanged = context.Request.Headers.IfRange.Count == 0 || context.Request.Headers.IfRange.ToString() == Tag;
        int from = KnowsRanges && unchanged && range.Length > 0 ? int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) : 0;
        if (from > 0 && from >= Content.Length)
        {
            context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            return;
        }

        string hash = Hash ?? Convert.ToHexStringLower(SHA256.HashData(Content));
        if (hash.Length > 0) context.Response.Headers["X-Linked-ETag"] = $"\"{hash}\"";
        context.Response.Headers.ETag = Tag;
        if (SaysLength) context.Response.ContentLength = Content.Length - from;
        if (from > 0)
        {
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = $"bytes {from + RangeShift}-{Content.Length - 1}/{Content.Length}";
        }

        await context.Response.Body.WriteAsync(Content.AsMemory(from, Math.Min(most, Content.Length - from)));
        await context.Response.Body.FlushAsync();
    }
}

/// <summary>A clock on which short waits are over at once, and long ones never unless a test ends them.</summary>
internal sealed class EagerTime : TimeProvider
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly ConcurrentBag<Action> _long = [];

    /// <summary>Waits that were asked for and were over at once.</summary>
    public ConcurrentQueue<TimeSpan> Waited { get; } = new();

    /// <summary>Ends all long waits.</summary>
    public void EndLongWaits()
    {
        foreach (var end in _long) end();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer();
        if (dueTime >= Long) _long.Add(() => timer.Fire(callback, state));
        else if (dueTime != Timeout.InfiniteTimeSpan)
        {
            Waited.Enqueue(dueTime);
            ThreadPool.QueueUserWorkItem(_ => timer.Fire(callback, state));
        }

        return timer;
    }

    private sealed class Timer : ITimer
    {
        private volatile bool _disposed;

        public void Fire(TimerCallback callback, object? state)
        {
            if (!_disposed) callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => _disposed = true;

        public ValueTask DisposeAsync()
        {
            _disposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
