using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Tests.Ledger;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Generations;

/// <summary>A stage's lead, and what workers say to it. A worker's incarnation is its name with "#1".</summary>
public abstract class LeadScene : IDisposable
{
    protected const int TotalSteps = 4;

    private readonly TemporaryFolder _folder = new();

    protected LeadScene() => Main = Lead(TotalSteps);

    private protected RecordedEffects Effects { get; } = new();

    private protected ManualTime Time { get; } = new();

    private protected List<LedgerEntry> Chain { get; } = Entries.Chain(10);

    private protected StageLead Main { get; }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <param name="stored">The generation that an earlier lead has stored.</param>
    private protected StageLead Lead(long totalSteps, Generation? stored = null)
    {
        var options = new StageControllerOptions(0, new GenerationOptions(2, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(15)));
        return new StageLead(
            new StageSpec { StageIndex = 0, Stage = "pretrain", TotalSteps = totalSteps }, new StageController(options, stored, stored?.Number ?? 0, Time),
            new LedgerBook(new LedgerFile(_folder["ledger.jsonl"])), new StageProgress(-1, 0, new byte[32], []), Effects);
    }

    private protected static Task ReportAsync(StageLead lead, string worker, WorkerReport report) => lead.HandleAsync(worker, $"{worker}#1", report);

    private protected Task ReportAsync(string worker, WorkerReport report) => ReportAsync(Main, worker, report);

    private protected Task ApplyAsync(string worker, LedgerEntry entry) => ReportAsync(worker, new WorkerReport { Applied = new Applied { Entry = entry } });

    private protected async Task ComeAsync(StageLead lead, params string[] workers)
    {
        foreach (var worker in workers)
        {
            await lead.ConnectAsync(new Hello { Worker = worker, Incarnation = $"{worker}#1", Endpoint = $"{worker}:1", Step = -1 });
            await ReportAsync(lead, worker, new WorkerReport { Prepared = new Prepared { Probe = "probe" } });
        }
        Effects.Take();
    }
}
