using System.Threading.Channels;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

/// <summary>Members in one process, on real threads; the test plays the coordinator.</summary>
internal sealed class Crew : IAsyncDisposable
{
    public const int Lanes = 8;

    private readonly MemberOptions _options;
    private readonly Func<string, ITransport> _transports;
    private readonly Dictionary<string, string> _endpoints = [];

    /// <param name="transports">The transport of a named worker; in memory when left out.</param>
    public Crew(long totalSteps, long checkpointInterval = -1, long validationInterval = -1, Func<string, ITransport>? transports = null)
    {
        _options = new MemberOptions
        {
            StageIndex = 0, Stage = "test", RunId = "test", Lanes = Lanes, TotalSteps = totalSteps, Samples = step => (10 * step, 10 * step + 10),
            CheckpointInterval = checkpointInterval, ValidationInterval = validationInterval, Group = Plans.Options,
        };
        _transports = transports ?? new InMemoryNetwork().CreateTransport;
    }

    public Dictionary<string, Hand> Hands { get; } = [];

    public Hand this[string name] => Hands[name];

    /// <summary>A worker process starts.</summary>
    /// <param name="wire">Makes the endpoint that peers use of the worker's own.</param>
    public async Task<Hand> AddAsync(string name, Func<string, string>? wire = null)
    {
        var transport = _transports(name);
        var door = new Door(TimeSpan.FromMinutes(10), TimeProvider.System);
        await transport.StartAsync(door, default);
        _endpoints[name] = wire is null ? transport.Endpoint : wire(transport.Endpoint);
        return Hands[name] = new Hand(transport, door, _options);
    }

    /// <summary>From the next generation on peers reach a worker by another way.</summary>
    public void Reroute(string name, string endpoint) => _endpoints[name] = endpoint;

    /// <summary>Announces a generation to the named workers.</summary>
    /// <param name="shares">Lanes of each member; even ones when left out.</param>
    public void Announce(
        long number, IReadOnlyList<string> members, bool atBoundary = false, IEnumerable<string>? to = null, long checkpoint = -1, bool goesOn = false,
        IReadOnlyList<int>? shares = null)
    {
        foreach (var name in to ?? Hands.Keys)
        {
            var plan = Plans.Of(number, members.ToList().IndexOf(name), members, Lanes, atBoundary, checkpoint, shares: shares);
            Hands[name].Inbox.Announce(plan with { GoesOn = goesOn, Members = [.. plan.Members.Select(member => member with { Endpoint = _endpoints[member.Worker] })] });
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var hand in Hands.Values) await hand.DisposeAsync();
    }
}

/// <summary>One member with all that belongs to it.</summary>
internal sealed class Hand : IAsyncDisposable
{
    private readonly ITransport _transport;
    private readonly CancellationTokenSource _dismissed = new();

    public Hand(ITransport transport, Door door, MemberOptions options)
    {
        _transport = transport;
        Member = new Member(Replica, transport, door, Inbox, Reports, options, TimeProvider.System);
        End = Task.Run(() => Member.RunAsync(_dismissed.Token));
    }

    public TestReplica Replica { get; } = new();

    public GenerationInbox Inbox { get; } = new();

    public RecordedReports Reports { get; } = new();

    public Member Member { get; }

    public Task<MemberEnd> End { get; }

    public Task DismissAsync() => _dismissed.CancelAsync();

    /// <summary>The process dies: its links break.</summary>
    public async Task CrashAsync()
    {
        await _transport.DisposeAsync();
        await _dismissed.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _dismissed.CancelAsync();
        await End.WaitAsync(Transport.Patience.Limit);
        Member.Dispose();
        await _transport.DisposeAsync();
        _dismissed.Dispose();
    }
}

/// <summary>Keeps reports and lets tests wait for them.</summary>
internal sealed class RecordedReports : IReportSink
{
    private readonly Channel<WorkerReport> _new = Channel.CreateUnbounded<WorkerReport>();
    private readonly List<WorkerReport> _all = [];

    public IReadOnlyList<LedgerEntry> Unacknowledged => [.. All.Where(report => report.Applied is not null).Select(report => report.Applied.Entry)];

    public IReadOnlyList<WorkerReport> All
    {
        get
        {
            lock (_all) return [.. _all];
        }
    }

    public void Report(WorkerReport report)
    {
        lock (_all) _all.Add(report);
        _new.Writer.TryWrite(report);
    }

    /// <summary>The next report that is as wanted; those before it are passed over.</summary>
    public async Task<WorkerReport> NextAsync(Func<WorkerReport, bool> wanted)
    {
        while (true)
        {
            var report = await _new.Reader.ReadAsync().AsTask().WaitAsync(Transport.Patience.Limit);
            if (wanted(report)) return report;
        }
    }

    public Task<WorkerReport> AppliedAsync(long step) => NextAsync(report => report.Applied?.Entry.Step == step);
}
