using MiniMind.Text;
using MiniMind.Text.Tokenization;
using MiniMind.Worker.CommandLine;
using MiniMind.Worker.SelfTest;

namespace MiniMind.Worker.Tests.SelfTest;

public sealed class GoldenSelfTestTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("golden").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_missing_folder_is_wrong_input()
    {
        var (code, text) = Run(Path.Combine(folder, "absent"), null);

        Assert.Equal(2, code);
        Assert.Equal($"error: --golden {Path.Combine(folder, "absent")}: expected a folder of reference cases, found no such folder", text.Trim());
    }

    [Fact]
    public void An_empty_folder_is_wrong_input()
    {
        var (code, text) = Run(folder, null);

        Assert.Equal(2, code);
        Assert.Contains("found no such pair", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_case_without_files_is_wrong_input_and_the_known_ones_are_listed()
    {
        SyntheticGolden.WriteTrajectory(folder);

        var (code, text) = Run(folder, "trajectori");

        Assert.Equal(2, code);
        Assert.Contains("expected one of trajectory, found 'trajectori'", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_case_without_code_is_named_and_fails()
    {
        SyntheticGolden.WriteTrajectory(folder);
        File.WriteAllText(Path.Combine(folder, "from-the-future.json"), "{}");
        File.WriteAllText(Path.Combine(folder, "from-the-future.safetensors"), "");

        var (code, text) = Run(folder, null);

        Assert.Equal(1, code);
        Assert.Contains("from-the-future: FAILED, this version cannot run it yet", text, StringComparison.Ordinal);
        Assert.Contains("trajectory: passed", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_case_is_wrong_input_that_names_the_file()
    {
        SyntheticGolden.WriteTrajectory(folder);
        var path = Path.Combine(folder, "trajectory.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^4]);

        var (code, text) = Run(folder, null);

        Assert.Equal(2, code);
        Assert.Contains(path, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"losses\":[", "\"losses\":[null,", "losses: expected a list of numbers, found null")]
    [InlineData("\"losses\":", "\"loss\":", "expected losses, found none")]
    [InlineData("\"grad_norms\":[", "\"grad_norms\":5,\"x\":[", "grad_norms: expected a list, found 5")]
    [InlineData("\"config\":{", "\"config\":7,\"x\":{", "config: expected an object, found 7")]
    [InlineData("\"hidden_size\":8", "\"hidden_size\":8.5", "config: hidden_size: expected whole numbers, found 8.5")]
    [InlineData("\"num_attention_heads\":2", "\"num_attention_heads\":3", "config: Heads 3 heads do not divide")]
    [InlineData("\"vocab_size\":11", "\"vocab_size\":10", "w/model.embed_tokens.weight: expected 80 elements")]
    [InlineData("{\"config\"", "[{\"config\"", "expected JSON")]
    public void A_case_with_malformed_scalars_is_wrong_input_that_names_file_and_key(string old, string changed, string message)
    {
        SyntheticGolden.WriteTrajectory(folder);
        var path = Path.Combine(folder, "trajectory.json");
        var text = File.ReadAllText(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, changed, StringComparison.Ordinal));

        var (code, output) = Run(folder, null);

        Assert.Equal(2, code);
        Assert.Contains(Path.Combine(folder, "trajectory."), output, StringComparison.Ordinal);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_case_with_ids_outside_the_vocabulary_is_wrong_input()
    {
        SyntheticGolden.WriteTrajectory(folder, firstId: SyntheticGolden.Vocabulary);

        var (code, text) = Run(folder, null);

        Assert.Equal(2, code);
        Assert.Contains("tensor in/ids: expected ids from 0 to 10, found 11 at 0", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_conversation_that_cannot_be_read_is_wrong_input_that_names_the_line()
    {
        Directory.CreateDirectory(Path.Combine(folder, "text"));
        var path = Path.Combine(folder, "text", "chat.jsonl");
        File.WriteAllText(path, """{"messages": [{"role": "nobody", "content": ""}], "minimind-3": "", "minimind2": ""}""");
        foreach (var name in GoldenText.Tokenizers)
            BpeTrainer.Train(["a"], new BpeTrainerOptions()).Save(Path.Combine(folder, "tokenizers", name));

        var (code, text) = Run(folder, null, Path.Combine(folder, "tokenizers"));

        Assert.Equal(2, code);
        Assert.Contains($"{path}:1: \"messages[0].role\" is \"nobody\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trajectory_from_other_weights_fails()
    {
        SyntheticGolden.WriteTrajectory(folder);
        var path = Path.Combine(folder, "trajectory.safetensors");
        var bytes = File.ReadAllBytes(path);
        bytes.AsSpan(^(SyntheticGolden.HiddenSize * sizeof(float))..).Clear(); // w/model.norm.weight lies last
        File.WriteAllBytes(path, bytes);

        var (code, text) = Run(folder, null);

        Assert.Equal(1, code);
        Assert.Contains("FAIL ", text, StringComparison.Ordinal);
        Assert.Contains("1 of 1 case(s) failed: trajectory", text, StringComparison.Ordinal);
    }

    /// <summary>The synthetic case always, the real files too where they are at hand.</summary>
    [Fact]
    public void Published_cases_pass()
    {
        SyntheticGolden.WriteTrajectory(folder);
        RequirePass(folder, "trajectory");
        if (SharedFolder("golden") is not { } golden) return;
        RequirePass(golden, "minimind3-dense");
        RequirePass(golden, "trajectory");
    }

    private static void RequirePass(string golden, string name)
    {
        var (code, text) = Run(golden, name);

        Assert.True(code == 0, text);
        Assert.Contains($"{name}: passed", text, StringComparison.Ordinal);
    }

    private static string? SharedFolder(string name)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "MiniMind.Distributed.sln"))) root = root.Parent;
        var folder = root is null ? null : Path.Combine(root.FullName, "..", "shared", name);
        return Directory.Exists(folder) ? folder : null;
    }

    /// <summary>As the program runs it: wrong input becomes its one line and its exit code.</summary>
    private static (int Code, string Text) Run(string golden, string? name, string? tokenizers = null)
    {
        using var output = new StringWriter();
        try
        {
            return (GoldenSelfTest.Run(golden, name, tokenizers, output), output.ToString());
        }
        catch (InputException fault)
        {
            using var error = new StringWriter();
            return (FaultReport.Write(fault, error), error.ToString());
        }
    }
}
