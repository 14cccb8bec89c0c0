using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.CommandLine;

public sealed class ErrorReportTests : IDisposable
{
    private readonly StringWriter _error = new();

    public void Dispose() => _error.Dispose();

    [Fact]
    public void Wrong_input_that_was_wrapped_is_still_one_message()
    {
        var fault = new AggregateException(new InvalidOperationException("outer", new InputException("x.jsonl:3: bad")));

        Assert.Equal(2, ErrorReport.Write(fault, _error, verbose: false));
        Assert.Equal("error: x.jsonl:3: bad", _error.ToString().TrimEnd());
    }

    [Fact]
    public void Failed_run_is_told_as_it_stands()
    {
        Assert.Equal(1, ErrorReport.Write(new RunFailedException("no worker is left, its last words:\n  out of memory"), _error, verbose: false));
        Assert.Equal("error: no worker is left, its last words:\n  out of memory", _error.ToString().TrimEnd());
    }

    [Fact]
    public void Full_disk_behind_another_fault_is_found()
    {
        var fault = new InvalidOperationException("storage failed", new IOException("No space left on device : '/x/y'", 28));

        Assert.Equal("No space left on device : '/x/y'", DiskFull.Find(fault)!.Message);
        Assert.Null(DiskFull.Find(new InvalidOperationException("storage failed", new IOException("other"))));
    }

    [Fact]
    public void Full_disk_is_said_in_plain_words()
    {
        Assert.Equal(1, ErrorReport.Write(new IOException("No space left on device : '/x/y'", 28), _error, verbose: false));
        Assert.Equal("error: the disk is full: No space left on device : '/x/y'; free some space", _error.ToString().TrimEnd());
    }

    [Fact]
    public void Explained_full_disk_is_said_as_it_was_explained_and_not_as_the_system_reports_it()
    {
        var fault = new AggregateException(new DiskFullException("/data", "nothing is kept", "--out", new IOException("No space left on device : '/data/y'", 28)));

        Assert.Equal(1, ErrorReport.Write(fault, _error, verbose: false));
        Assert.Equal("error: /data: the disk is full; nothing is kept. Free some space, or choose a folder on another disk with --out", _error.ToString().TrimEnd());
    }

    [Fact]
    public void Full_disk_is_recognised_as_the_system_reports_it()
    {
        // /dev/full refuses every write with ENOSPC; other systems have no such file.
        if (!File.Exists("/dev/full"))
        {
            Assert.False(DiskFull.IsCause(new IOException("other")));
            return;
        }

        var fault = Assert.ThrowsAny<IOException>(() => File.WriteAllText("/dev/full", "x"));

        Assert.True(DiskFull.IsCause(fault));
    }

    [Fact]
    public void Any_other_fault_is_one_line_that_says_how_to_see_more()
    {
        Assert.Equal(1, ErrorReport.Write(new TimeoutException("no\nanswer"), _error, verbose: false));
        Assert.Equal("error: TimeoutException: no answer (use --verbose for details)", _error.ToString().TrimEnd());
    }

    [Fact]
    public void Verbose_shows_the_stack_trace()
    {
        Exception fault = Assert.Throws<TimeoutException>(Fail);

        Assert.Equal(1, ErrorReport.Write(fault, _error, verbose: true));
        Assert.Contains(nameof(Fail), _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("use --verbose", _error.ToString(), StringComparison.Ordinal);
    }

    private static void Fail() => throw new TimeoutException("no answer");
}
