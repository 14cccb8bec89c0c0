using System.Diagnostics;
using System.Text.Json;
using MiniMind.Coordinator.Audit;
using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Workers;
using MiniMind.Text;
using Spectre.Console;

namespace MiniMind.Coordinator.Tests.Audit;

public sealed class AuditCommandTests : IAsyncLifetime
{
    private readonly StringWriter _output = new();
    private FinishedRun _run = null!;

    public async Task InitializeAsync() => _run = await FinishedRun.MakeAsync();

    public Task DisposeAsync()
    {
        _run.Dispose();
        _output.Dispose();
        return Task.CompletedTask;
    }

    private async Task<string> AuditAsync(string? json = null)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_output) });
        console.Profile.Width = 1000;
        Assert.Equal(0, await new AuditCommand(console).RunAsync(new AuditOptions(_run.Folder.Root, json), default));
        return _output.ToString();
    }

    [Fact]
    public async Task A_finished_run_is_sound() => Assert.EndsWith($"{_run.Folder.Root} is sound.", (await AuditAsync()).TrimEnd(), StringComparison.Ordinal);

    [Fact]
    public async Task An_unfinished_run_is_called_so()
    {
        await _run.UnfinishAsync(2);
        var json = Path.Combine(_run.Folder.Root, "audit.json");

        var told = await AuditAsync(json);

        Assert.EndsWith($"{_run.Folder.Root} is unfinished (pretrain after 2 of 6 steps, sft not begun); what there is of it is sound.", told.TrimEnd(), StringComparison.Ordinal);
        using var report = JsonDocument.Parse(await File.ReadAllBytesAsync(json));
        Assert.Equal((true, false), (report.RootElement.GetProperty("sound").GetBoolean(), report.RootElement.GetProperty("finished").GetBoolean()));
    }

    [Fact]
    public async Task A_run_that_several_coordinators_lead_is_not_audited_meanwhile()
    {
        using (Seat.Take(_run.Folder))
        {
            var refusal = await Assert.ThrowsAsync<InputException>(() => AuditAsync());
            Assert.Contains("another minimind works in this folder", refusal.Message, StringComparison.Ordinal);
        }
        Assert.Contains("is sound", await AuditAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("machine-0")]
    public async Task Workers_of_the_run_that_live_are_named(string? seat)
    {
        var log = _run.Folder.LogOf("worker-0");
        Directory.CreateDirectory(_run.Folder.Logs);
        await File.WriteAllTextAsync(log, "");
        using var worker = Process.Start(new ProcessStartInfo("tail", ["-f", log]))!;
        try
        {
            new WorkerRoster((_run.Folder with { Seat = seat }).Workers, _run.Folder.LogOf).Add("worker-0", worker.Id);
            Assert.Contains("note: worker-0 of this run live", await AuditAsync(), StringComparison.Ordinal);
        }
        finally
        {
            worker.Kill();
            await worker.WaitForExitAsync();
        }
    }
}
