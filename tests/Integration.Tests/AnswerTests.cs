using System.Text.Json;
using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

/// <summary>What a user does with a trained model.</summary>
[Collection(Runs.Runs.Name)]
public sealed class AnswerTests(ReferenceRun reference)
{
    private static readonly string[] Colours = ["red", "blue", "green", "yellow"];

    private string Model => Path.Combine(reference.Folder, "latest");

    [Fact]
    public async Task Chat_answers_in_the_words_of_its_training() => Assert.Contains(await ChatAsync("--temperature", "0"), Colours);

    [Fact]
    public async Task Chat_gives_the_same_answer_for_the_same_seed()
    {
        string[] hot = ["--temperature", "5", "--top-p", "1", "--max-new-tokens", "24"];
        var first = await ChatAsync([.. hot, "--seed", "3"]);

        Assert.Equal(first, await ChatAsync([.. hot, "--seed", "3"]));
        Assert.NotEqual(first, await ChatAsync([.. hot, "--seed", "4"]));
    }

    [Fact]
    public async Task Eval_prints_the_exact_match_of_each_kind_and_of_all()
    {
        var ended = await Programs.RunAsync(reference.Project.Folder, "eval", "--model", Model, "--questions", TinyProject.QuestionsFile);

        Assert.True(ended.ExitCode == 0, ended.ToString());
        var lines = ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"^colour +\d+\.\d % of 36$", lines[0]);
        Assert.Matches(@"^all +[1-9]\d*\.\d % of 36$", lines[1]);
    }

    [Fact]
    public async Task Run_with_an_eval_stage_reports_before_and_after_and_samples()
    {
        var project = reference.Project;
        File.WriteAllText(project.PathOf("exam.yaml"), $"""
            {File.ReadAllText(project.PathOf(TinyProject.RunFileName)).TrimEnd()}
              - stage: eval
                data: {TinyProject.QuestionsFile}
                samples: 3
            """);

        var ended = await Programs.RunAsync(project.Folder, "run", "exam.yaml", "--plain", "--out", "exam", "--workers", "2");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches(@"(?m)^eval .* 0\.0 -> [1-9]", ended.Output);
        Assert.Contains("What does ", ended.Output, StringComparison.Ordinal);
        Assert.Contains("eval: exact match before training 0.0 % of 36 questions", ended.Output, StringComparison.Ordinal);
        // The examination has no part in the weights.
        Assert.DoesNotContain("model.safetensors", reference.Result.DifferencesTo(RunResult.Read(project.PathOf("exam"))));

        var resumed = await Programs.RunAsync(project.Folder, "run", "exam.yaml", "--plain", "--out", "exam", "--resume");

        Assert.True(resumed.ExitCode == 0, resumed.ToString());
        Assert.Contains("asking the questions before any training", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("asking the questions before any training", resumed.Output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^eval .* 0\.0 -> [1-9]", resumed.Output);
    }

    [Fact]
    public async Task Eval_stages_are_run_in_their_places()
    {
        var project = reference.Project;
        var lines = File.ReadAllLines(project.PathOf(TinyProject.RunFileName));
        var sft = Array.FindIndex(lines, line => line.Contains("stage: sft", StringComparison.Ordinal));
        File.WriteAllLines(project.PathOf("two-exams.yaml"),
        [
            .. lines[..sft], $"  - {{stage: eval, name: halfway, data: {TinyProject.QuestionsFile}}}",
            lines[sft], $"  - {{stage: eval, name: final, data: {TinyProject.QuestionsFile}}}",
        ]);

        var ended = await Programs.RunAsync(project.Folder, "run", "two-exams.yaml", "--plain", "--out", "two-exams", "--workers", "1");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches(@"(?m)^pretrain .*\n^halfway .* 0\.0 -> \d+\.\d\n^sft .*\n^final .* 0\.0 -> [1-9]\d*\.\d$", ended.Output);
        // The same questions before any training; then to the model of pretraining, then to that of fine-tuning.
        Assert.Equal(AnswersOf("halfway-before"), AnswersOf("final-before"));
        Assert.NotEqual(AnswersOf("halfway-before"), AnswersOf("halfway-after"));
        Assert.NotEqual(AnswersOf("halfway-after"), AnswersOf("final-after"));

        string AnswersOf(string exam)
        {
            using var result = JsonDocument.Parse(File.ReadAllBytes(project.PathOf("two-exams", "eval", $"{exam}.json")));
            return result.RootElement.GetProperty("answers").GetRawText();
        }
    }

    private async Task<string> ChatAsync(params string[] options)
    {
        var ended = await Programs.RunAsync(reference.Project.Folder, ["chat", "--model", Model, "--prompt", TinyProject.AQuestion, .. options]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Empty(ended.Error);
        return ended.Output.Trim();
    }
}
