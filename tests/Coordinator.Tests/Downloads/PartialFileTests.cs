using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Downloads;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Downloads;

/// <summary>What is gone on with, what is begun anew, and what is left.</summary>
public sealed class PartialFileTests : DownloadTest
{
    private string PartialPath => Path + ".partial";

    /// <summary>Begun anew, and the user knows why.</summary>
    private void AssertBegunAnew(string reason)
    {
        AssertComplete();
        Assert.Contains(Told, line => line.Contains(reason, StringComparison.Ordinal) && line.EndsWith("; what had come was removed, the download begins anew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_part_of_the_same_content_is_gone_on_with_by_another_process()
    {
        await DownloadInPartAsync(100_000);
        Assert.False(File.Exists(Path));
        Assert.Equal("stopped; what has come is kept, and the same command goes on", Assert.Single(Told));
        await DownloadAsync();
        AssertComplete();
        Assert.Equal(["bytes=100000-"], Ranges);
        Assert.Single(Told);
    }

    [Fact]
    public async Task Two_processes_do_not_write_the_same_file()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        Server.Planned.Enqueue(async context =>
        {
            await Server.StallAsync(context, 100_000);
            return true;
        });
        var first = DownloadAsync(progress: new Watcher(_ => begun.TrySetResult()), ct: stop.Token);
        await begun.Task;

        var fault = await Assert.ThrowsAsync<InputException>(() => DownloadAsync());
        Assert.Contains($"{Path}: another process is downloading this file", fault.Message, StringComparison.Ordinal);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task Content_that_has_another_tag_now_is_begun_anew()
    {
        await DownloadInPartAsync(100_000);
        Server.Content = [.. Server.Content.Reverse()];
        Server.Tag = "\"two\"";
        await DownloadAsync();
        AssertBegunAnew("the server sends the whole file");
        Assert.Equal(["bytes=100000-"], Ranges);
    }

    [Fact]
    public async Task A_part_is_refused_whose_tag_is_another_one_than_was_asked_for()
    {
        await DownloadInPartAsync(100_000);
        Server.Planned.Enqueue(context =>
        {
            // A server that does not heed If-Range.
            context.Request.Headers.IfRange = Server.Tag = "\"two\"";
            return Task.FromResult(false);
        });
        await DownloadAsync();
        AssertBegunAnew("the content has changed: expected tag \"one\", 300,000 bytes");
        Assert.Equal("", Ranges[^1]);
    }

    [Fact]
    public async Task A_part_is_refused_when_the_hub_says_another_hash_now()
    {
        await DownloadInPartAsync(100_000);
        Server.Content = [.. Server.Content.Reverse()];
        await DownloadAsync();
        AssertBegunAnew("the content has changed");
        Assert.Equal(2, Ranges.Length);
    }

    [Fact]
    public async Task A_part_that_begins_elsewhere_is_refused()
    {
        await DownloadInPartAsync(100_000);
        Server.RangeShift = 1000;
        await DownloadAsync();
        AssertBegunAnew("expected the bytes from 100000 on, the server sent bytes 101000-299999/300000");
    }

    [Fact]
    public async Task Parts_that_do_not_make_the_content_are_removed_and_all_is_begun_anew()
    {
        await DownloadInPartAsync(100_000);
        await File.WriteAllBytesAsync(PartialPath, new byte[100_000]);
        await DownloadAsync();
        AssertBegunAnew("the content is not what the hub says it is: expected SHA-256");
        Assert.Equal(["bytes=100000-", ""], Ranges);
    }

    [Fact]
    public async Task A_whole_that_was_not_named_yet_is_verified_and_not_fetched_again()
    {
        await DownloadInPartAsync(100_000);
        await File.WriteAllBytesAsync(PartialPath, Server.Content);
        await DownloadAsync();
        AssertComplete();
        Assert.Equal(["bytes=300000-"], Ranges);
        Assert.Single(Told);
    }

    [Fact]
    public async Task A_part_that_is_longer_than_the_file_is_begun_anew()
    {
        await DownloadInPartAsync(200_000);
        Server.Content = Server.Content[..1000];
        await DownloadAsync();
        AssertBegunAnew("the server has nothing behind the first 200,000 bytes");
    }

    [Fact]
    public async Task A_server_that_knows_no_ranges_starts_from_the_beginning()
    {
        Server.KnowsRanges = false;
        Server.BreakAfter(100_000);
        await DownloadAsync();
        AssertBegunAnew("the server sends the whole file");
    }

    [Theory]
    [InlineData("", "\"one\"")]
    [InlineData(null, "W/\"weak\"")]
    public async Task Without_a_hash_or_a_strong_tag_nothing_is_gone_on_with(string? hash, string tag)
    {
        (Server.Hash, Server.Tag) = (hash, tag);
        Server.BreakAfter(100_000);
        var file = await DownloadAsync();
        Assert.Equal(hash is null, file.Verified);
        AssertBegunAnew("the hub does not say enough of the content (tag, size, hash) to go on with a part");
        Assert.Equal(["", ""], Ranges);
    }

    [Fact]
    public async Task What_cannot_be_gone_on_with_is_not_kept()
    {
        Server.Hash = "";
        Server.BreakAfter(100_000);
        for (int time = 0; time < 6; time++) Server.Refuse(500);
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => DownloadAsync());
        Assert.Contains("after 6 tries; nothing of it is kept", fault.Message, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData(true, "what has come is kept, and the same command goes on")]
    [InlineData(false, "nothing of it is kept")]
    public async Task A_full_disk_is_told_with_the_place_and_the_fix(bool saysHash, string left)
    {
        if (!saysHash) Server.Hash = "";
        var fault = await Assert.ThrowsAsync<DiskFullException>(() => DownloadAsync(open: path => new FullDisk(path, room: 100_000)));
        using var error = new StringWriter();
        Assert.Equal(ExitCodes.Fault, ErrorReport.Write(fault, error, verbose: false));
        string folder = System.IO.Path.GetDirectoryName(Path)!;
        Assert.Equal($"error: {folder}: the disk is full; {left}. Free some space, or choose a folder on another disk with --out", error.ToString().TrimEnd());
        Assert.Equal(saysHash, File.Exists(PartialPath));
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task Disposing_twice_does_nothing_more_and_a_fault_of_it_hides_no_other()
    {
        using var client = new HubClient(Hub, null);
        using var folder = new TemporaryFolder();
        var address = Hub.AddressOf("sft.jsonl", null);
        using var answer = await client.AskAsync(address, 0, null, default);
        using var part = new PartialFile(folder["a"], address, Told.Add, path => new FullDisk(path, room: 3));
        var fault = await Assert.ThrowsAsync<IOException>(async () =>
        {
            using (part)
            {
                await part.BeginAsync(answer);
                part.Append([1, 2, 3]);
                part.Append([4]);
            }
        });

        Assert.True(DiskFull.IsCause(fault), fault.Message);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(folder["a.partial"]));
    }

    /// <summary>A file on a disk that has so much room, and that cannot be closed without a fault.</summary>
    private sealed class FullDisk(string path, long room) : FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0)
    {
        private const int NoSpace = 28; // ENOSPC

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            int fits = (int)Math.Min(buffer.Length, room - Length);
            base.Write(buffer[..fits]);
            if (fits < buffer.Length) throw new IOException($"No space left on device : '{Name}'", NoSpace);
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (disposing) throw new IOException("the file cannot be closed");
        }
    }
}
