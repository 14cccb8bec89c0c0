using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.RunFiles;

/// <summary>What is said about a wrong run file: place, key, expected, found, fix.</summary>
public sealed class RunFileFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("epohcs: 2", "run.yaml:8:5: pretrain.epohcs: expected a known key, found 'epohcs'; did you mean 'epochs'?")]
    [InlineData("Learning-Rate: 2", "run.yaml:8:5: pretrain.Learning-Rate: expected a known key, found 'Learning-Rate'; did you mean 'learning_rate'?")]
    [InlineData("zzzzzzzzzz: 2", "known are: bad_lines, beta1")]
    [InlineData("epochs: two", "run.yaml:8:13: pretrain.epochs: expected a whole number from 1 to 1000000, found 'two'; for example 1")]
    [InlineData("epochs: 0", "pretrain.epochs: expected a whole number from 1 to 1000000, found '0'")]
    [InlineData("epochs: 1.5", "found '1.5'")]
    [InlineData("epochs: \"2\"", "found the quoted text \"2\"; remove the quotes")]
    [InlineData("epochs:", "pretrain.epochs: expected a whole number from 1 to 1000000, found nothing")]
    [InlineData("epochs: [1, 2]", "found a list of 2")]
    [InlineData("lanes: 0", "pretrain.lanes: expected a whole number from 1 to 1024, found '0'; for example 8")]
    [InlineData("lanes: 1025", "found '1025'")]
    [InlineData("sequence_length: 7", "pretrain.sequence_length: expected a whole number from 8 to")]
    [InlineData("sequence_length: 4096", "pretrain.sequence_length: expected at most the model's max_positions 2048, found '4096'; shorten it")]
    [InlineData("learning_rate: 0", "pretrain.learning_rate: expected a positive number, found '0'")]
    [InlineData("learning_rate: .nan", "pretrain.learning_rate: expected a positive number, found '.nan'")]
    [InlineData("beta2: 1", "pretrain.beta2: expected a number from 0 to less than 1, found '1'; for example 0.999")]
    [InlineData("schedule: cosin", "pretrain.schedule: expected cosine or cosine-2025 or constant, found 'cosin'; did you mean 'cosine'?")]
    [InlineData("long_documents: {}", "pretrain.long_documents: expected split or cut, found a mapping")]
    [InlineData("validation: 0.9", "pretrain.validation: expected a fraction from 0 to 0.5, or files, found '0.9'")]
    [InlineData("validation: missing.jsonl", "pretrain.validation: expected an existing file, found none at 'missing.jsonl'; check the path")]
    [InlineData("warmup_steps: -1", "pretrain.warmup_steps: expected a whole number of at least 0, found '-1'")]
    [InlineData("name: a b", "stages[1].name: expected letters, digits, '-' and '_', found 'a b'")]
    [InlineData("name: model", "stages[1].name: expected another name, found 'model'; it is a key of the run file itself")]
    [InlineData("name: tokenizer", "stages[1].name: expected a name of its own, found a second 'tokenizer'; add 'name: tokenizer-2'")]
    public void Stage_fault_names_place_expected_found_and_fix(string line, string expected) =>
        Assert.Contains(expected, MessageOf(Minimal + "\n    " + line + "\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("workers: -1", "run.yaml:8:10: workers: expected a whole number from 0 to 1024, found '-1'")]
    [InlineData("seed: -1", "seed: expected a whole number from 0 to 18446744073709551615, found '-1'")]
    [InlineData("precision: bfloat16", "precision: expected float32, found 'bfloat16'; only this one is known so far")]
    [InlineData("device: tpu", "device: expected cpu or cuda, found 'tpu'")]
    [InlineData("name: a/b", "name: expected letters, digits, '-', '_' and '.', found 'a/b'")]
    [InlineData("name: ..", "found '..'")]
    [InlineData("stage: x", "stage: expected a known key, found 'stage'; did you mean 'stages'?")]
    [InlineData("tokenizer: nowhere", "tokenizer: expected a folder with tokenizer.json, found no folder 'nowhere'")]
    [InlineData("sample: data", "sample: expected a mapping, found 'data'")]
    [InlineData("sample: {seed: 1}", "sample.out: expected the folder to write the toy world to, found nothing")]
    [InlineData("sample: {out: x, sead: 1}", "sample.sead: expected a known key, found 'sead'; did you mean 'seed'?")]
    [InlineData("model: tiny", "expected YAML, found: Duplicate key model")]
    public void Top_level_fault_names_place_expected_found_and_fix(string line, string expected) =>
        Assert.Contains(expected, MessageOf(Minimal + "\n" + line + "\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("tny", "run.yaml:1:8: model: expected minimind-3 or minimind2-small or tiny, found 'tny'; did you mean 'tiny'?")]
    [InlineData("{preset: tiny, heads: 5}", "model.heads: expected sizes that fit together, found 5 heads do not divide the hidden size 192")]
    [InlineData("{preset: tiny, key_value_heads: 3}", "model.key_value_heads: expected sizes that fit together, found 3 key-value heads do not divide 4 heads")]
    [InlineData("{hidden_size: 64, layers: 1}", "model.key_value_heads: expected a size, found nothing; add it, or start from a preset")]
    [InlineData("{preset: tiny, layers: -1}", "model.layers: expected a whole number from 1 to")]
    [InlineData("{preset: tiny, vocabulary_size: 200}", "model.vocabulary_size: expected at least the tokenizer's 300 tokens, found '200'")]
    [InlineData("{preset: tiny, depth: 2}", "model.depth: expected a known key, found 'depth'")]
    public void Model_fault_names_the_size(string model, string expected) =>
        Assert.Contains(expected, MessageOf(Minimal.Replace("model: tiny", "model: " + model, StringComparison.Ordinal)), StringComparison.Ordinal);

    [Theory]
    [InlineData("stages: []", "stages: expected a list of stages, found an empty list")]
    [InlineData("stages: pretrain", "stages: expected a list of stages, found 'pretrain'")]
    [InlineData("stages: [pretrain]", "stages[0]: expected a mapping, found 'pretrain'")]
    [InlineData("stages: [{data: DATA}]", "stages[0].stage: expected tokenizer or pretrain or sft or eval, found nothing")]
    [InlineData("stages: [{stage: pretrian, data: DATA}]", "stages[0].stage: expected tokenizer or pretrain or sft or eval, found 'pretrian'; did you mean 'pretrain'?")]
    [InlineData("stages: [{stage: pretrain, data: DATA}]", "tokenizer: expected a tokenizer, found none; add 'tokenizer: path/to/folder'")]
    [InlineData("stages: [{stage: pretrain}]", "pretrain.data: expected a file or a list of files, found nothing")]
    [InlineData("stages: [{stage: pretrain, data: []}]", "pretrain.data: expected a file or a list of files, found an empty list")]
    [InlineData("stages: [{stage: pretrain, data: [DATA, no.jsonl]}]", "pretrain.data: expected an existing file, found none at 'no.jsonl'")]
    [InlineData("stages: [{stage: pretrain, data: FOLDER}]", "pretrain.data: expected an existing file, found the folder")]
    [InlineData("stages: [{stage: pretrain, data: DATA}, {stage: tokenizer, data: DATA}]", "tokenizer: expected the tokenizer stage before all others, found 'pretrain' before it")]
    [InlineData("stages: [{stage: tokenizer, data: DATA}, {stage: eval, data: DATA}]", "eval: expected a pretrain or sft stage before it, found none")]
    [InlineData("stages: [{stage: tokenizer, data: DATA, vocabulary_size: 262145}]", "tokenizer.vocabulary_size: expected a whole number from 300 to 262144, found '262145'")]
    [InlineData("", "stages: expected a list of stages, found nothing")]
    public void Stages_fault_names_the_stage(string stages, string expected)
    {
        string yaml = "model: tiny\n" + stages.Replace("DATA", _folder["a.jsonl"], StringComparison.Ordinal).Replace("FOLDER", _folder.Path, StringComparison.Ordinal) + "\n";

        Assert.Contains(expected, MessageOf(yaml), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epochs", "--set epochs: expected key=value or stage.key=value, found 'epochs'; for example --set pretrain.epochs=2")]
    [InlineData("pretran.epochs=2", "--set pretran.epochs=2: expected the name of a stage of this run, 'model' or 'sample' before the dot, found 'pretran'; did you mean 'pretrain'?")]
    [InlineData("pretrain.epochs=zero", "--set pretrain.epochs=zero: pretrain.epochs: expected a whole number from 1 to 1000000, found 'zero'")]
    [InlineData("pretrain.epochs=", "--set pretrain.epochs=: pretrain.epochs: expected a whole number from 1 to 1000000, found nothing")]
    [InlineData("pretrain.epocs=2", "--set pretrain.epocs=2: pretrain.epocs: expected a known key, found 'epocs'; did you mean 'epochs'?")]
    [InlineData("a.b.c=2", "--set a.b.c=2: expected at most one dot before '='")]
    [InlineData("pretrain.data=[a", "--set pretrain.data=[a: expected a YAML value after '='")]
    [InlineData("wrkers=2", "--set wrkers=2: wrkers: expected a known key, found 'wrkers'; did you mean 'workers'?")]
    public void Override_fault_names_the_override(string change, string expected) =>
        Assert.Contains(expected, MessageOf(Minimal, change), StringComparison.Ordinal);

    [Fact]
    public void All_faults_are_reported_together_in_the_order_of_the_file()
    {
        string message = MessageOf(Minimal + "\n    epochs: 0\n    epohcs: 1\n    data2: x\nworkers: none\n", "seed=x");

        Assert.StartsWith("5 faults in ", message, StringComparison.Ordinal);
        string[] keys = ["pretrain.epochs", "pretrain.epohcs", "pretrain.data2", "workers", "--set seed=x: seed"];
        var places = keys.Select(key => message.IndexOf(key + ":", StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Fact]
    public void File_that_is_missing_says_where_it_was_looked_for()
    {
        var fault = Assert.Throws<InputException>(() => RunFile.Load(_folder["none.yaml"], []));

        Assert.Contains("none.yaml: expected a run file, found none; check the path (the current directory is ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("found a folder", Assert.Throws<InputException>(() => RunFile.Load(_folder.Path, [])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "expected a mapping such as 'name: my-run', found nothing")]
    [InlineData("- a\n- b\n", "found a list of 2")]
    [InlineData("name: a\n---\nname: b\n", "run.yaml:3:1: expected YAML, found: a second document")]
    public void File_that_is_no_run_is_refused(string yaml, string expected) =>
        Assert.Contains(expected, MessageOf(yaml), StringComparison.Ordinal);

    [Fact]
    public void File_that_is_not_UTF8_names_the_line()
    {
        File.WriteAllBytes(_folder["run.yaml"], [.. "name: x\nseed: "u8, 0xC3, 0x28]);

        var fault = Assert.Throws<InputException>(() => RunFile.Load(_folder["run.yaml"], []));

        Assert.Contains("run.yaml:2: expected UTF-8 text", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokenizer_json_that_is_broken_is_named()
    {
        _folder.Write("tok/tokenizer.json", "{\"model\": ");

        string message = MessageOf($"model: tiny\ntokenizer: {_folder["tok"]}\nstages: [{{stage: pretrain, data: {_folder["a.jsonl"]}}}]");

        Assert.Contains("tokenizer: expected the tokenizer.json of a byte-level BPE, found ", message, StringComparison.Ordinal);
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

    private string MessageOf(string yaml, params string[] overrides)
    {
        _folder.Write("a.jsonl", "{\"text\": \"hello\"}\n");
        string path = _folder.Write("run.yaml", yaml);
        return Assert.Throws<InputException>(() => RunFile.Load(path, overrides)).Message;
    }
}
