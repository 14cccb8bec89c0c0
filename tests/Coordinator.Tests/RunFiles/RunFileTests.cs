using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Tests.RunFiles;

/// <summary>What a good run file becomes.</summary>
public sealed class RunFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void RunFile_with_little_in_it_is_filled_with_defaults()
    {
        var run = Load(Minimal);

        Assert.Equal("run", run.Name);
        Assert.Equal(Path.Combine("runs", "run"), run.Out);
        Assert.Equal((42UL, 1, 1, "cpu", "float32", 10), (run.Seed, run.Workers, run.Threads, run.Device, run.Precision, run.LogInterval));
        Assert.Equal((300, 192), (run.Model.VocabularySize, run.Model.HiddenSize));
        var stage = Assert.IsType<TrainingStage>(run.Stages[1]);
        Assert.Equal(("pretrain", "pretrain", 1, 8, 256), (stage.Name, stage.Kind, stage.Epochs, stage.Lanes, stage.SequenceLength));
        Assert.Equal((5e-4, "cosine", 0.01, 0.9, 0.999, 1e-8, 1.0), (stage.Optimizer.LearningRate, stage.Optimizer.Schedule, stage.Optimizer.WeightDecay,
            stage.Optimizer.Beta1, stage.Optimizer.Beta2, stage.Optimizer.Epsilon, stage.Optimizer.ClipNorm));
        Assert.Equal((0.01, LongDocuments.Split, BadLines.Fail), (stage.Validation.Fraction, stage.LongDocuments, stage.BadLines));
        Assert.Equal(8, stage.SequencesPerStep);
    }

    [Fact]
    public void RunFile_stages_inherit_top_level_sizes_and_may_differ()
    {
        var run = Load(Minimal + $"\n  - stage: sft\n    data: {_folder["a.jsonl"]}\n    lanes: 4\nlanes: 16\nsequence_length: 64\n");

        Assert.Equal([(16, 64), (4, 64)], run.Stages.OfType<TrainingStage>().Select(stage => (stage.Lanes, stage.SequenceLength)));
        Assert.Equal(LongDocuments.Cut, run.Stages.OfType<TrainingStage>().Last().LongDocuments);
        Assert.Equal(1e-5, run.Stages.OfType<TrainingStage>().Last().Optimizer.LearningRate);
    }

    [Fact]
    public void RunFile_sample_files_count_as_existing_before_they_are_written()
    {
        var run = Load($$"""
            model: tiny
            sample: {out: {{_folder["toy"]}}, seed: 7}
            stages:
              - {stage: tokenizer, data: [{{_folder["toy/pretrain.jsonl"]}}, {{_folder["toy/sft.jsonl"]}}]}
              - {stage: pretrain, data: {{_folder["toy/../toy/pretrain.jsonl"]}} }
              - {stage: eval, data: {{_folder["toy/questions.jsonl"]}} }
            """);

        Assert.Equal(new SampleData(_folder["toy"], 7), run.Sample);
        Assert.Equal(["tokenizer", "pretrain", "eval"], run.Stages.Select(stage => stage.Kind));
    }

    [Fact]
    public void RunFile_model_may_be_a_preset_a_changed_preset_or_sizes()
    {
        Assert.Equal("tiny", Load(Minimal).Model.Name);

        var changed = Load(Minimal.Replace("model: tiny", "model: {preset: minimind-3, layers: 2}", StringComparison.Ordinal)).Model;
        Assert.Equal(("custom", 2, 768, 8), (changed.Name, changed.Layers, changed.HiddenSize, changed.Heads));

        var sizes = Load(Minimal.Replace("model: tiny", "model: {hidden_size: 64, layers: 1, heads: 4, key_value_heads: 2, rope_theta: 1e4}", StringComparison.Ordinal)).Model;
        Assert.Equal((64, 1, 4, 2, 1e4, 256), (sizes.HiddenSize, sizes.Layers, sizes.Heads, sizes.KeyValueHeads, sizes.RopeTheta, sizes.FeedForwardWidth));
    }

    [Fact]
    public void RunFile_vocabulary_follows_the_tokenizer_folder()
    {
        _folder.Write("tok/tokenizer.json", """{"model": {"vocab": {"a": 3, "b": 4}}, "added_tokens": [{"id": 9, "content": "<x>"}]}""");

        var run = Load($"model: tiny\ntokenizer: {_folder["tok"]}\nstages: [{{stage: pretrain, data: {_folder["a.jsonl"]}}}]");

        Assert.Equal(10, run.Model.VocabularySize);
        Assert.Equal(_folder["tok"], run.TokenizerFolder);
    }

    [Fact]
    public void RunFile_validation_is_a_fraction_or_files()
    {
        string other = _folder.Write("b.jsonl", "{}");

        Assert.Equal(0.25, Training(Minimal + "\n    validation: 0.25\n").Validation.Fraction);
        Assert.Equal([other], Training(Minimal + $"\n    validation: {other}\n").Validation.Files);
        string third = _folder.Write("c.jsonl.gz", "{}");
        Assert.Equal([other, third], Training(Minimal + $"\n    validation: [{other}, {third}]\n").Validation.Files);
    }

    [Fact]
    public void Overrides_reach_the_top_stages_model_and_sample()
    {
        var run = Load(Minimal, "seed=3", "pretrain.epochs=2", "model.layers=6", $"sample.out={_folder["s"]}", "out='a: b'", "pretrain.bad_lines=skip");

        Assert.Equal((3UL, "a: b", 6, 3UL), (run.Seed, run.Out, run.Model.Layers, run.Sample!.Seed));
        var stage = run.Stages.OfType<TrainingStage>().Single();
        Assert.Equal((2, BadLines.Skip), (stage.Epochs, stage.BadLines));
    }

    [Fact]
    public void Overrides_last_one_wins_and_renamed_stages_are_found_by_name()
    {
        var run = Load(Minimal + "\n    name: first\n", "first.epochs=2", "first.epochs=5");

        Assert.Equal(5, run.Stages.OfType<TrainingStage>().Single().Epochs);
    }

    [Theory]
    [InlineData("out=elsewhere")]
    [InlineData("name=other")]
    [InlineData("workers=4")]
    [InlineData("log_interval=1")]
    [InlineData("pretrain.validation_interval=7")]
    [InlineData("pretrain.checkpoint_interval=7")]
    [InlineData("pretrain.spot_check_interval=7")]
    [InlineData("pretrain.learning_rate=0.0005")]
    public void CanonicalText_ignores_what_cannot_change_bits(string change) =>
        Assert.Equal(Load(Minimal).CanonicalText, Load(Minimal, change).CanonicalText);

    [Theory]
    [InlineData("seed=1")]
    [InlineData("threads=2")]
    [InlineData("device=cuda")]
    [InlineData("model.layers=5")]
    [InlineData("model.norm_epsilon=1e-5")]
    [InlineData("lanes=4")]
    [InlineData("pretrain.epochs=2")]
    [InlineData("pretrain.name=other")]
    [InlineData("pretrain.learning_rate=5.0001e-4")]
    [InlineData("pretrain.schedule=constant")]
    [InlineData("pretrain.validation=0.02")]
    [InlineData("pretrain.long_documents=cut")]
    [InlineData("pretrain.microbatches_per_lane=2")]
    [InlineData("pretrain.bad_lines=skip")]
    [InlineData("tokenizer.vocabulary_size=301")]
    [InlineData("tokenizer.bad_lines=skip")]
    public void CanonicalText_changes_with_whatever_may_change_bits(string change) =>
        Assert.NotEqual(Load(Minimal).CanonicalText, Load(Minimal, change).CanonicalText);

    [Fact]
    public void CanonicalText_is_the_same_for_the_same_run_spelled_differently()
    {
        string spelled = Minimal.Replace("model: tiny", "model: {preset: tiny, layers: 2}", StringComparison.Ordinal) + "\n    epochs: 1\nseed: 42\n";

        Assert.Equal(Load(Minimal).CanonicalText, Load(spelled).CanonicalText);
    }

    [Fact]
    public void RunFile_on_a_device_that_was_not_measured_says_that_it_is_not_bit_exact()
    {
        Assert.Contains("not bit-exact", Load(Minimal + "\ndevice: cuda\n").Caveat, StringComparison.Ordinal);
        Assert.Null(Load(Minimal + "\ndevice: cpu\n").Caveat);
    }

    [Fact]
    public void Example_run_files_are_valid_once_their_data_exists()
    {
        string deploy = Path.Combine(RepositoryRoot(), "deploy", "runs");
        Assert.Equal(["tokenizer", "pretrain", "sft", "eval"], RunFile.Load(Path.Combine(deploy, "quickstart.yaml"), []).Stages.Select(stage => stage.Name));

        string tokenizer = Path.GetDirectoryName(_folder.Write("tok/tokenizer.json", """{"model": {"vocab": {"a": 6399}}}"""))!;
        string data = _folder.Write("a.jsonl", "{}");
        var run = RunFile.Load(Path.Combine(deploy, "minimind-3.yaml"), [$"tokenizer={tokenizer}", $"pretrain.data={data}", $"sft.data={data}"]);
        Assert.Equal(63_912_192, run.Model.ParameterCount);
    }

    [Fact]
    public void RunFile_with_tabs_or_broken_YAML_names_the_line()
    {
        var fault = Assert.Throws<InputException>(() => Load("name: x\nmodel: {a: 1\nstages: []\n"));

        Assert.Matches(@"run\.yaml:\d+:\d+: expected YAML, found: .+; check", fault.Message);
    }

    [Fact]
    public void RunFile_damaged_anywhere_is_read_or_refused_with_a_message()
    {
        string whole = File.ReadAllText(Path.Combine(RepositoryRoot(), "deploy", "runs", "quickstart.yaml"));
        var random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 500; round++)
        {
            int at = random.Next(whole.Length);
            string damaged = round % 2 == 0 ? whole[..at] : whole.Insert(at, "{[:&*!|>'\"%@`\t-#,}]"[random.Next(19)].ToString());
            try
            {
                Load(damaged);
            }
            catch (InputException fault)
            {
                Assert.Contains("run.yaml", fault.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.InRange(refused, 100, 499);
    }

    private string Minimal => $"""
        model: tiny
        stages:
          - stage: tokenizer
            data: {_folder["a.jsonl"]}
            vocabulary_size: 300
          - stage: pretrain
            data: {_folder["a.jsonl"]}
        """;

    private RunFile Load(string yaml, params string[] overrides)
    {
        _folder.Write("a.jsonl", "{\"text\": \"hello\"}\n");
        return RunFile.Load(_folder.Write("run.yaml", yaml), overrides);
    }

    private TrainingStage Training(string yaml) => Load(yaml).Stages.OfType<TrainingStage>().Single();

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "MiniMind.Distributed.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
