using System.Diagnostics;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.CommandLine;

[Collection("signals of this process")]
public sealed class CommandTreeTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private RunOptions? _run;
    private object? _asked;
    private (string Verb, string[] Arguments)? _worker;
    private Func<int> _result = () => 0;
    private Func<CancellationToken, Task> _until = _ => Task.CompletedTask;

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Run_hands_over_all_options_and_lets_flags_win_over_set()
    {
        int code = await InvokeAsync("run", "a.yaml", "--set", "seed=3", "--workers", "4", "--set", "workers=2", "--out", "it's here", "--device", "cuda", "--resume", "--plain", "--verbose");

        Assert.Equal(0, code);
        Assert.Equal(["seed=3", "workers=2", "workers=4", "out='it''s here'", "device=cuda"], _run!.Overrides);
        Assert.Equal(("a.yaml", true, true, true), (_run.File, _run.Resume, _run.Plain, _run.Verbose));
    }

    [Fact]
    public async Task Run_without_options_overrides_nothing()
    {
        await InvokeAsync("run", "a.yaml");

        Assert.Empty(_run!.Overrides);
        Assert.Equal((false, false, false), (_run.Resume, _run.Plain, _run.Verbose));
    }

    [Fact]
    public async Task Data_sample_hands_over_folder_and_seed()
    {
        Assert.Equal(0, await InvokeAsync("data", "sample", "--out", "d", "--seed", "7"));
        Assert.Equal(new SampleOptions("d", 7, false), _asked);
        Assert.Equal(0, await InvokeAsync("data", "sample", "--out", "d"));
        Assert.Equal(new SampleOptions("d", 42, false), _asked);
        Assert.Equal(0, await InvokeAsync("data", "sample", "--out", "d", "--force"));
        Assert.Equal(new SampleOptions("d", 42, true), _asked);
    }

    [Fact]
    public async Task Data_download_keeps_the_environments_mirror_of_one_hub_apart_from_the_endpoint_that_was_asked_for()
    {
        Environment.SetEnvironmentVariable("HF_ENDPOINT", "https://hf-mirror.com");
        try
        {
            await InvokeAsync("data", "download", "dpo");
            Assert.Equal((null, "https://hf-mirror.com"), (((DownloadOptions)_asked!).Endpoint, ((DownloadOptions)_asked).HuggingFaceEndpoint));
            await InvokeAsync("data", "download", "dpo", "--endpoint", "http://here");
            Assert.Equal("http://here", ((DownloadOptions)_asked!).Endpoint);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_ENDPOINT", null);
        }
    }

    [Theory]
    [InlineData("run a.yaml", ", then go on with --resume")]
    [InlineData("data encode a.yaml", "")]
    public async Task Full_disk_names_resume_only_where_there_is_such_an_option(string command, string fix)
    {
        _until = _ => throw new DiskFullException("/x", "nothing is kept", "--out", new IOException("No space left on device", 28));
        Assert.Equal(1, await InvokeAsync(command.Split(' ')));
        Assert.Equal($"error: /x: the disk is full; nothing is kept. Free some space, or choose a folder on another disk with --out{fix}", _error.ToString().TrimEnd());
    }

    [Fact]
    public async Task Data_split_puts_both_sides_beside_the_file_unless_told_otherwise()
    {
        Assert.Equal(0, await InvokeAsync("data", "split", "my/sft.jsonl.gz"));
        Assert.Equal(new SplitOptions("my/sft.jsonl.gz", "my/sft.train.jsonl", "my/sft.valid.jsonl", 0.01, null, 42, false), _asked);
        Assert.Equal(0, await InvokeAsync("data", "split", "a.txt", "--count", "5", "--train", "t", "--held-out", "v", "--seed", "1", "--force"));
        Assert.Equal(new SplitOptions("a.txt", "t", "v", 0.01, 5, 1, true), _asked);
    }

    [Fact]
    public async Task Data_encode_takes_what_decides_the_data()
    {
        Assert.Equal(0, await InvokeAsync("data", "encode", "a.yaml", "--set", "cache=c", "--out", "o"));
        var options = Assert.IsType<RunOptions>(_asked);
        Assert.Equal(("a.yaml", "cache=c", "out='o'"), (options.File, options.Overrides[0], options.Overrides[1]));
    }

    [Fact]
    public async Task Data_cache_prune_reads_ages_and_sizes()
    {
        Assert.Equal(0, await InvokeAsync("data", "cache", "prune", "--cache", "c", "--unused", "36h", "--max-size", "1.5GB", "--dry-run"));
        Assert.Equal(new PruneOptions("c", TimeSpan.FromHours(36), 1_500_000_000, false, true), _asked);
        Assert.Equal(0, await InvokeAsync("data", "cache", "list", "--cache", "c"));
        Assert.Equal("c", _asked);
    }

    [Theory]
    [InlineData("chat", "--model", "x", "--help")]
    [InlineData("eval", "--", "-x", "@file", "--verbose")]
    [InlineData("selftest")]
    public async Task Worker_verb_gets_its_arguments_untouched(string verb, params string[] arguments)
    {
        _result = () => 7;

        Assert.Equal(7, await InvokeAsync([verb, .. arguments]));
        Assert.Equal(verb, _worker!.Value.Verb);
        Assert.Equal(arguments, _worker.Value.Arguments);
    }

    [Theory]
    [InlineData("FILE", "run")]
    [InlineData("--wrkers: there is no such option; did you mean '--workers'?", "run", "a.yaml", "--wrkers", "2")]
    [InlineData("--bogus: there is no such option; ", "run", "--bogus")]
    [InlineData("--resme=1: there is no such option; did you mean '--resume'?", "run", "--resme=1")]
    [InlineData("--outt: there is no such option; did you mean '--out'?", "data", "download", "dpo", "--outt", "d")]
    [InlineData("--workers: expected a whole number of at least 0, found '-1'", "run", "a.yaml", "--workers", "-1")]
    [InlineData("--workers: expected a whole number of at least 0, found 'two'", "run", "a.yaml", "--workers", "two")]
    [InlineData("--seed: expected a whole number from 0 to 18446744073709551615, found '-1'", "data", "sample", "--out", "d", "--seed", "-1")]
    [InlineData("--set", "run", "a.yaml", "--set")]
    [InlineData("tpu", "run", "a.yaml", "--device", "tpu")]
    [InlineData("--out", "data", "sample")]
    [InlineData("trian", "trian")]
    [InlineData("expected what to remove: --unused 30d, --max-size 20GB or --all", "data", "cache", "prune")]
    [InlineData("--unused: expected days, hours or minutes such as 30d, 12h or 5m, found '30'", "data", "cache", "prune", "--unused", "30")]
    [InlineData("--max-size: expected a size such as 500MB or 20GB, found 'big'", "data", "cache", "prune", "--max-size", "big")]
    [InlineData("--fraction: expected a part above 0 and below 1, found '2'", "data", "split", "a.jsonl", "--fraction", "2")]
    public async Task Wrong_usage_exits_2_and_names_the_culprit(string culprit, params string[] arguments)
    {
        Assert.Equal(2, await InvokeAsync(arguments));
        Assert.Contains("error: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains(culprit, _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("--help' shows what is possible.", _error.ToString(), StringComparison.Ordinal);
        Assert.Null(_run);
    }

    [Fact]
    public async Task A_verb_left_out_shows_which_there_are()
    {
        Assert.Equal(0, await InvokeAsync());
        Assert.Contains("selftest", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await InvokeAsync("data"));
        Assert.Contains("sample", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _error.ToString());
    }

    [Fact]
    public async Task What_follows_two_dashes_or_an_option_is_no_option()
    {
        Assert.Equal(0, await InvokeAsync("run", "--", "--bogus"));
        Assert.Equal("--bogus", _run!.File);
        Assert.Equal(0, await InvokeAsync("run", "a.yaml", "--out", "--bogus"));
        Assert.Equal(["out='--bogus'"], _run.Overrides);
    }

    [Theory]
    [InlineData("minimind chat --model runs/quickstart/latest", "help")]
    [InlineData("--set pretrain.epochs=2", "help", "run")]
    [InlineData("minimind chat --model runs/quickstart/latest", "--help")]
    [InlineData("--set pretrain.epochs=2", "run", "--help")]
    [InlineData("minimind data sample --out runs/toy --seed 7", "data", "sample", "-h")]
    public async Task Help_shows_examples_and_exits_0(string example, params string[] arguments)
    {
        Assert.Equal(0, await InvokeAsync(arguments));
        Assert.Contains(example, _output.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _error.ToString());
    }

    [Fact]
    public async Task Help_names_every_verb()
    {
        await InvokeAsync("--help");

        foreach (string verb in (string[])["run", "data", "chat", "eval", "selftest"]) Assert.Matches($@"(?m)^\s+{verb}\b", _output.ToString());
    }

    [Fact]
    public async Task Wrong_input_is_one_message_and_exits_2()
    {
        _result = () => throw new InputException("a.yaml:3:1: lanes: expected 1, found 0; fix it");

        Assert.Equal(2, await InvokeAsync("run", "a.yaml"));
        Assert.Equal("error: a.yaml:3:1: lanes: expected 1, found 0; fix it" + Environment.NewLine, _error.ToString());
    }

    [Fact]
    public async Task Cancellation_exits_130_without_a_word()
    {
        _result = () => throw new OperationCanceledException();

        Assert.Equal(130, await InvokeAsync("run", "a.yaml"));
        Assert.Equal("", _error.ToString());
    }

    [Theory]
    [InlineData("my/sft.v1.jsonl", "my/sft.v1.train.jsonl")]
    [InlineData("my/sft.jsonl.gz", "my/sft.train.jsonl")]
    [InlineData("book.TXT.zst", "book.train.jsonl")]
    [InlineData("lines", "lines.train.jsonl")]
    public async Task A_split_lies_beside_its_file(string file, string training)
    {
        Assert.Equal(0, await InvokeAsync("data", "split", file));
        Assert.Equal(training, ((SplitOptions)_asked!).Training);
    }

    [Theory]
    [InlineData("1500000000", 1_500_000_000)]
    [InlineData("20GB", 20_000_000_000)]
    [InlineData("1.5 kB", 1500)]
    public async Task A_size_is_bytes_or_has_a_unit(string text, long bytes)
    {
        Assert.Equal(0, await InvokeAsync("data", "cache", "prune", "--max-size", text));
        Assert.Equal(bytes, ((PruneOptions)_asked!).MostBytes);
    }

    [Theory]
    [InlineData("run", "INT", 130, false)]
    [InlineData("run", "INT", 130, true)]
    [InlineData("run", "TERM", 0, false)]
    [InlineData("run", "TERM", 0, true)]
    [InlineData("run", "HUP", 0, true)]
    [InlineData("data encode", "INT", 130, false)]
    [InlineData("data encode", "TERM", 143, false)]
    [InlineData("data encode", "HUP", 129, false)]
    [InlineData("data encode", "TERM", 0, true)]
    public async Task Signal_cancels_the_token_and_decides_the_exit_code(string verb, string signal, int code, bool returns)
    {
        _until = async stop =>
        {
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = stop.Register(stopped.SetResult);
            using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {Environment.ProcessId}"]);
            try
            {
                await stopped.Task.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                throw new InputException($"SIG{signal} was not heard: whoever started these tests ignores it, as nohup and background jobs of scripts do");
            }
            if (!returns) stop.ThrowIfCancellationRequested();
        };

        var exit = await InvokeAsync([.. verb.Split(' '), "a.yaml"]);
        Assert.Equal("", _error.ToString());
        Assert.Equal(code, exit);
    }

    private Task<int> InvokeAsync(params string[] arguments) => CommandTree.InvokeAsync(
        new CommandHandlers
        {
            Run = RunAsync,
            Audit = Keep<AuditOptions>,
            WriteSample = Keep<SampleOptions>,
            DownloadData = Keep<DownloadOptions>,
            CheckData = Keep<CheckOptions>,
            SplitData = Keep<SplitOptions>,
            EncodeData = RunAsync,
            ListCache = Keep<string>,
            PruneCache = Keep<PruneOptions>,
            TrainTokenizer = Keep<TrainTokenizerOptions>,
            EncodeText = Keep<ConvertOptions>,
            DecodeIds = Keep<ConvertOptions>,
            EvaluateTokenizers = Keep<EvaluateTokenizerOptions>,
            WorkerVerb = (verb, rest) =>
            {
                _worker = (verb, [.. rest]);
                return Task.FromResult(_result());
            },
        },
        arguments, _output, _error);

    private async Task<int> RunAsync(RunOptions options, CancellationToken stop)
    {
        _asked = _run = options;
        await _until(stop);
        return _result();
    }

    private Task<int> Keep<T>(T options, CancellationToken stop)
    {
        _asked = options;
        return Task.FromResult(_result());
    }
}
