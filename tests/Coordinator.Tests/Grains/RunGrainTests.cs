using System.Threading.Channels;
using Google.Protobuf;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Services;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Grains;

public sealed class RunGrainTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _temporary = new();
    private CoordinatorHost _host = null!;
    private IRunGrain _grain = null!;

    public async Task InitializeAsync()
    {
        _host = await CoordinatorHost.StartAsync(new RunFolder(_temporary.Path), CoordinatorEndpoint.Loopback, verbose: false, TimeProvider.System);
        _grain = _host.Grains.GetGrain<IRunGrain>("run");
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _temporary.Dispose();
    }

    private static byte[] Hello(string worker) => new Hello { RunId = "run", Worker = worker, Incarnation = $"{worker}#1", Endpoint = $"{worker}:1" }.ToByteArray();

    private static byte[] Prepared => new WorkerReport { Prepared = new Prepared { Probe = "probe" } }.ToByteArray();

    private Task<long> BeginAsync(int expectedWorkers) => _grain.BeginStageAsync(
        new StageSpec { Stage = "pretrain", TotalSteps = 10, Deadlines = new Deadlines { SilenceSeconds = 600 } }.ToByteArray(), expectedWorkers, null);

    [Fact]
    public async Task A_worker_is_told_the_stage_and_a_generation_once_all_are_prepared()
    {
        await BeginAsync(1);
        using var stream = new Stream(_host);
        await _grain.ConnectAsync(Hello("a"), stream.Reference);
        await stream.NextAsync(order => order.Stage is not null);
        await _grain.ReportAsync("a", "a#1", Prepared);
        Assert.Equal("a", Assert.Single((await stream.NextAsync(order => order.Generation is not null)).Generation.Members).Worker);
        Assert.Equal(["a"], RunStatus.Parser.ParseFrom(await _grain.StatusAsync()).Workers);
    }

    /// <summary>Workers that outlived their coordinator find the next one while it still prepares the run.</summary>
    [Fact]
    public async Task What_is_reported_before_the_stage_begins_is_heard_when_it_does()
    {
        using var stream = new Stream(_host);
        await _grain.ConnectAsync(Hello("a"), stream.Reference);
        await _grain.ReportAsync("a", "a#1", Prepared);

        await BeginAsync(1);

        Assert.Equal("a", Assert.Single((await stream.NextAsync(order => order.Generation is not null)).Generation.Members).Worker);
    }

    /// <summary>After a network fault the worker opens a new stream long before the coordinator's end of the old one is seen to be dead.</summary>
    [Fact]
    public async Task The_late_end_of_an_old_stream_does_not_cut_off_the_new_one_of_the_same_process()
    {
        await BeginAsync(1);
        using var old = new Stream(_host);
        using var renewed = new Stream(_host);
        await _grain.ConnectAsync(Hello("a"), old.Reference);
        await _grain.ConnectAsync(Hello("a"), renewed.Reference);
        await _grain.DisconnectAsync("a", "a#1", old.Reference);

        await _grain.ReportAsync("a", "a#1", Prepared);

        Assert.Equal("a", Assert.Single((await renewed.NextAsync(order => order.Generation is not null)).Generation.Members).Worker);
    }

    [Fact]
    public async Task A_run_is_opened_with_one_identity_only()
    {
        Assert.Null(await _grain.OpenAsync("one", "{}", new() { ["tokenizer"] = "abc" }, []));
        Assert.Null(await _grain.OpenAsync("one", "{}", [], []));
        Assert.Contains("data or its tokenizer changed", await _grain.OpenAsync("two", "{}", [], []), StringComparison.Ordinal);
        Assert.Equal("one", (await _grain.RecordAsync()).Identity);
        Assert.Equal("abc", (await _grain.RecordAsync()).Inputs["tokenizer"]);
    }

    /// <summary>A worker's end of its stream.</summary>
    private sealed class Stream : IOrderReceiver, IDisposable
    {
        private readonly CoordinatorHost _host;
        private readonly Channel<CoordinatorOrder> _orders = Channel.CreateUnbounded<CoordinatorOrder>();

        public Stream(CoordinatorHost host)
        {
            _host = host;
            Reference = host.Grains.CreateObjectReference<IOrderReceiver>(this);
        }

        public IOrderReceiver Reference { get; }

        public Task ObeyAsync(byte[] order)
        {
            _orders.Writer.TryWrite(CoordinatorOrder.Parser.ParseFrom(order));
            return Task.CompletedTask;
        }

        public async Task<CoordinatorOrder> NextAsync(Func<CoordinatorOrder, bool> wanted)
        {
            while (true)
            {
                var order = await _orders.Reader.ReadAsync().AsTask().WaitAsync(Patience);
                if (wanted(order)) return order;
            }
        }

        public void Dispose() => _host.Grains.DeleteObjectReference<IOrderReceiver>(Reference);
    }
}
