using System.Text;
using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

/// <summary>Wrong input ends a command with exit code 2 and one message that names the place; what was there before stays.</summary>
[Collection(Runs.Runs.Name)]
public sealed class BadInputTests(ReferenceRun reference)
{
    private const int FiftyMegabytes = 50_000_000;

    private TinyProject Project => reference.Project;

    [Theory]
    [InlineData("pretrain", "truncated.jsonl", "truncated.jsonl:2: broken JSON", "{\"text\": \"one\"}\n{\"text\": \"tw")]
    [InlineData("pretrain", "empty.jsonl", "empty.jsonl: the file is empty", "")]
    [InlineData("pretrain", "no-text.jsonl", "no-text.jsonl:2: the field \"text\" is missing", "{\"text\": \"one\"}\n{\"txt\": \"two\"}\n")]
    [InlineData("sft", "no-turns.jsonl", "no-turns.jsonl:1: the field \"conversations\" is missing", "{\"text\": \"one\"}\n")]
    public async Task Data_file_with_a_bad_line_is_refused(string stage, string file, string message, string content)
    {
        File.WriteAllText(Project.PathOf(file), content);

        await AssertRefusedAsync(stage, file, message);
    }

    [Fact]
    public async Task Invalid_utf8_is_refused()
    {
        File.WriteAllBytes(Project.PathOf("latin1.jsonl"), Encoding.Latin1.GetBytes("{\"text\": \"one\"}\n{\"text\": \"caf\u00e9\"}\n"));

        await AssertRefusedAsync("pretrain", "latin1.jsonl", "latin1.jsonl:2: invalid UTF-8 at byte 14");
    }

    [Fact]
    public async Task Line_of_fifty_megabytes_is_refused()
    {
        using (var writer = new StreamWriter(Project.PathOf("long.jsonl")))
        {
            await writer.WriteAsync("{\"text\": \"one\"}\n{\"text\": \"");
            await writer.WriteAsync(new string('a', FiftyMegabytes));
            await writer.WriteAsync("\"}\n");
        }

        await AssertRefusedAsync("pretrain", "long.jsonl", "long.jsonl:2: the line has 50,000,012 bytes");
    }

    [Fact]
    public async Task Bad_data_does_not_touch_the_checkpoints_of_an_earlier_run()
    {
        File.WriteAllText(Project.PathOf("broken.jsonl"), "{");

        var ended = await Project.RunAsync("reference", "--resume", "--set", "sft.data=broken.jsonl");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("broken.jsonl:1: broken JSON", ended.Error, StringComparison.Ordinal);
        CheckpointFolder.AssertComplete(Path.Combine(reference.Folder, "latest"));
        reference.Result.AssertSame(RunResult.Read(reference.Folder));
    }

    [Fact]
    public async Task Tokenizer_of_an_earlier_attempt_is_not_used_for_other_texts()
    {
        File.WriteAllText(Project.PathOf("bad.jsonl"), "{");
        await Project.RunAsync("mended", "--set", $"tokenizer.data={TinyProject.SftFile}", "--set", "sft.data=bad.jsonl");
        var first = File.ReadAllBytes(Project.PathOf("mended", "tokenizer", "tokenizer.json"));

        await Project.RunAsync("mended", "--set", "sft.data=bad.jsonl");

        var second = File.ReadAllBytes(Project.PathOf("mended", "tokenizer", "tokenizer.json"));
        Assert.NotEqual(first, second);
        Assert.Equal(File.ReadAllBytes(Path.Combine(reference.Folder, "tokenizer", "tokenizer.json")), second);
    }

    [Fact]
    public async Task Unknown_key_of_a_run_file_is_refused_with_the_nearest_one()
    {
        var text = File.ReadAllText(Project.PathOf(TinyProject.RunFileName));
        File.WriteAllText(Project.PathOf("typo.yaml"), text.Replace("lanes:", "lanse:", StringComparison.Ordinal));

        var ended = await Programs.RunAsync(Project.Folder, "run", "typo.yaml", "--out", "typo");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Equal("error: typo.yaml:4:1: lanse: expected a known key, found 'lanse'; did you mean 'lanes'?", ended.Error.Trim());
    }

    [Theory]
    [InlineData("chat", "--prompt", "Hello")]
    [InlineData("eval", "--questions", TinyProject.QuestionsFile)]
    public async Task Tensor_of_a_wrong_shape_is_refused_by_name(string verb, string option, string value)
    {
        var model = Project.PathOf($"tampered-{verb}");
        CopyFolder(Path.Combine(reference.Folder, "latest"), model);
        // As other programs write it; a checkpoint's manifest would already tell that the file was changed.
        File.Delete(Path.Combine(model, "manifest.json"));
        TamperWithShape(Path.Combine(model, "model.safetensors"), "model.norm.weight", from: "[32]", to: "[64]");

        var ended = await Programs.RunAsync(Project.Folder, verb, "--model", model, option, value);

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("model.safetensors", ended.Error, StringComparison.Ordinal);
        Assert.Contains("model.norm.weight", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Checkpoint_that_was_changed_is_refused_by_the_name_of_the_file()
    {
        var model = Project.PathOf("changed");
        CopyFolder(Path.Combine(reference.Folder, "latest"), model);
        var path = Path.Combine(model, "model.safetensors");
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);

        var ended = await Programs.RunAsync(Project.Folder, "chat", "--model", model, "--prompt", "Hello");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.StartsWith($"error: {path}: expected SHA-256", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Question_in_invalid_utf8_is_refused()
    {
        File.WriteAllBytes(Project.PathOf("asked.jsonl"), Encoding.Latin1.GetBytes("{\"question\": \"caf\u00e9\", \"answer\": \"x\"}\n"));

        var ended = await Programs.RunAsync(Project.Folder, "eval", "--model", Path.Combine(reference.Folder, "latest"), "--questions", "asked.jsonl");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Equal("error: asked.jsonl:1: invalid UTF-8 at byte 18", ended.Error.Trim());
    }

    [Fact]
    public async Task Model_folder_that_does_not_exist_is_refused()
    {
        var ended = await Programs.RunAsync(Project.Folder, "chat", "--model", "nowhere", "--prompt", "Hello");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.StartsWith("error: --model nowhere: expected the folder of a model", ended.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat", "--prompt", "Hello")]
    [InlineData("eval", "--questions", TinyProject.QuestionsFile)]
    public async Task Run_folder_as_a_model_is_refused_with_its_newest_model(string verb, string option, string value)
    {
        var ended = await Programs.RunAsync(Project.Folder, verb, "--model", "reference", option, value);

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Equal("error: --model reference: expected the folder of a model, found a run's folder; its newest model is reference/latest", ended.Error.Trim());
    }

    [Fact]
    public async Task Golden_folder_that_does_not_exist_is_refused()
    {
        var ended = await Programs.RunAsync(Project.Folder, "selftest", "--golden", "nope");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Equal("error: --golden nope: expected a folder of reference cases, found no such folder", ended.Error.Trim());
    }

    private async Task AssertRefusedAsync(string stage, string file, string message)
    {
        var folder = $"refused-{Path.GetFileNameWithoutExtension(file)}";

        var ended = await Project.RunAsync(folder, "--set", $"{stage}.data={file}");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.StartsWith("error: ", ended.Error, StringComparison.Ordinal);
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Project.PathOf(folder, "checkpoints")));
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    /// <summary>Changes a tensor's shape in the header of a safetensors file, byte for byte, and nothing else.</summary>
    private static void TamperWithShape(string path, string tensor, string from, string to)
    {
        var bytes = File.ReadAllBytes(path);
        var header = bytes.AsSpan(8, (int)BitConverter.ToUInt64(bytes));
        var entry = header.IndexOf(Encoding.UTF8.GetBytes($"\"{tensor}\""));
        var shape = entry + header[entry..].IndexOf(Encoding.UTF8.GetBytes(from));
        Encoding.UTF8.GetBytes(to).CopyTo(header[shape..]);
        File.WriteAllBytes(path, bytes);
    }
}
