using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.RunFiles;

/// <summary>A run's own toy world goes where the run goes.</summary>
public sealed class SampleMoveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("out: runs/a\n", "out='b'", "b/data")]
    [InlineData("name: a\n", "out='b'", "b/data")]
    [InlineData("name: a\n", "name=b", "runs/b/data")]
    [InlineData("out: ./runs/a/\n", "out='b'", "b/data")]
    [InlineData("out: runs/a\n", "sample.out=elsewhere", "elsewhere")]
    public void A_world_inside_the_runs_folder_and_the_data_paths_that_name_it_move_along(string own, string change, string expected)
    {
        var run = Load(own, "runs/a/data", change);

        Assert.Equal(expected, run.Sample!.Out);
        Assert.Equal($"{expected}/pretrain.jsonl {expected}/sft.jsonl|{expected}/pretrain.jsonl|{expected}/questions.jsonl", Data(run));
        Assert.Equal([$"{expected}/sft.jsonl"], run.Stages.OfType<TrainingStage>().Single().Validation.Files);
    }

    [Theory]
    [InlineData("runs/a", "workers=2")]
    [InlineData("runs/a", "out='runs/../runs/a'")]
    [InlineData("runs/a/data/inner", "out='b'")]
    [InlineData("runs/ab", "out='b'")]
    public void Everything_else_stays(string own, string change)
    {
        var run = Load($"out: {own}\n", "runs/a/data", change);

        Assert.Equal("runs/a/data", run.Sample!.Out);
        Assert.StartsWith("runs/a/data/pretrain.jsonl runs/a/data/sft.jsonl|", Data(run), StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_override_says_is_not_moved()
    {
        string mine = _folder.Write("mine.jsonl", "{}");

        var run = Load("out: runs/a\n", "runs/a/data", "sample.out=runs/a/other", "out='b'", $"pretrain.data={mine}");

        Assert.Equal("runs/a/other", run.Sample!.Out);
        Assert.Equal($"runs/a/other/pretrain.jsonl runs/a/other/sft.jsonl|{mine}|runs/a/other/questions.jsonl", Data(run));
    }

    private static string Data(RunFile run) => string.Join('|', run.Stages.Select(stage => string.Join(' ', stage.Data)));

    private RunFile Load(string own, string sample, params string[] overrides) => RunFile.Load(
        _folder.Write("a.yaml", $$"""
            {{own.TrimEnd()}}
            model: tiny
            sample: {out: {{sample}}, seed: 7}
            stages:
              - {stage: tokenizer, data: [{{sample}}/pretrain.jsonl, {{sample}}/sft.jsonl]}
              - {stage: pretrain, data: {path: {{sample}}/pretrain.jsonl, weight: 2}, validation: [{{sample}}/sft.jsonl]}
              - {stage: eval, data: {{sample}}/questions.jsonl}
            """), overrides);
}
