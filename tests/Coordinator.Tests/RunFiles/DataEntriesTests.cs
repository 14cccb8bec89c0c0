using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.RunFiles;

public sealed class DataEntriesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public DataEntriesTests()
    {
        foreach (string name in (string[])["b.jsonl", "a.jsonl", "a.txt", "deep/er/c.jsonl", "deep/d.jsonl.gz"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
            File.WriteAllText(_folder[name], "{\"text\": \"a\"}\n");
        }
    }

    public void Dispose() => _folder.Dispose();

    private IReadOnlyList<DataSource> Sources(string data)
    {
        File.WriteAllText(_folder["run.yaml"], $"model: tiny\nstages:\n  - {{stage: tokenizer, data: {_folder["a.jsonl"]}}}\n  - {{stage: pretrain, data: {data}}}\n");
        return RunFile.Load(_folder["run.yaml"], []).Stages.OfType<TrainingStage>().Single().Sources;
    }

    private string MessageOf(string data) => Assert.Throws<InputException>(() => Sources(data)).Message;

    [Fact]
    public void Patterns_name_files_in_order_of_their_names()
    {
        Assert.Equal([new(_folder["a.jsonl"]), new(_folder["b.jsonl"])], Sources(_folder["*.jsonl"]));
        Assert.Equal([new(_folder["a.jsonl"]), new(_folder["b.jsonl"]), new(_folder["deep/er/c.jsonl"])], Sources(_folder["**/*.jsonl"]));
        Assert.Equal([new(_folder["deep/d.jsonl.gz"]), new(_folder["a.txt"])], Sources($"[{_folder["deep/*.gz"]}, {_folder["a.txt"]}]"));
    }

    [Fact]
    public void Weights_belong_to_all_files_of_their_pattern() => Assert.Equal(
        [new(_folder["a.jsonl"], 2.5), new(_folder["b.jsonl"], 2.5), new(_folder["a.txt"], 1)],
        Sources($"[{{path: '{_folder["*.jsonl"]}', weight: 2.5}}, {_folder["a.txt"]}]"));

    [Fact]
    public void One_mapping_needs_no_list() => Assert.Equal([new(_folder["a.txt"], 0.5)], Sources($"{{path: {_folder["a.txt"]}, weight: 0.5}}"));

    [Fact]
    public void Faults_are_named_with_their_place()
    {
        Assert.Contains("pretrain.data: expected a pattern that some file matches, found none for", MessageOf(_folder["*.json"]));
        Assert.Contains("pretrain.data.weight: expected a number above 0, at most 1000, found '0'", MessageOf($"{{path: {_folder["a.txt"]}, weight: 0}}"));
        Assert.Contains("pretrain.data.wieght: expected a known key, found 'wieght'; did you mean 'weight'?", MessageOf($"{{path: {_folder["a.txt"]}, wieght: 2}}"));
        Assert.Contains("pretrain.data.path: expected a file, found nothing", MessageOf("{weight: 2}"));
        Assert.Contains("pretrain.data: expected each file once", MessageOf($"[{_folder["a.jsonl"]}, {_folder["*.jsonl"]}]"));
        Assert.Contains("for the files in it: " + _folder["deep"] + "/*.jsonl", MessageOf(_folder["deep"]));
    }

    [Fact]
    public void Weights_and_variations_are_part_of_a_runs_settings()
    {
        string[] texts = ["data: a", "data: {path: a, weight: 2}", "random_system_prompt: 0.2, data: a", "drop_empty_think: 0.8, data: a"];
        var canonical = texts.Select(text =>
        {
            File.WriteAllText(_folder["run.yaml"], $"model: tiny\nstages:\n  - {{stage: tokenizer, data: {_folder["a.jsonl"]}}}\n  - {{stage: sft, {text.Replace(": a", ": " + _folder["a.jsonl"], StringComparison.Ordinal)}}}\n");
            return RunFile.Load(_folder["run.yaml"], []).CanonicalText;
        });
        Assert.Equal(texts.Length, canonical.Distinct().Count());
    }
}
