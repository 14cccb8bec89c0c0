using MiniMind.Worker.CommandLine;
using MiniMind.Worker.Tests.Artifacts;

namespace MiniMind.Worker.Tests.CommandLine;

public sealed class WorkerLogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void While_who_started_the_worker_lives_it_reads_the_output_and_keeps_the_file()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var log = new WorkerLog(output, _folder.File("worker.log"));
        log.WriteLine("one");
        log.Write('2');
        log.WriteLine((object?)null);
        Assert.Equal($"one{Environment.NewLine}2{Environment.NewLine}", output.ToString());
        Assert.False(File.Exists(_folder.File("worker.log")));
    }

    [Fact]
    public void A_log_that_cannot_be_written_ends_nothing()
    {
        using var log = new WorkerLog(new BrokenPipe(), file: null);
        log.WriteLine("one");
        log.WriteLine(new InvalidOperationException("two"));
    }

    /// <summary>The output of a process whose reader is gone.</summary>
    private sealed class BrokenPipe : StringWriter
    {
        public override void Write(string? value) => throw new IOException("Broken pipe");
    }
}
