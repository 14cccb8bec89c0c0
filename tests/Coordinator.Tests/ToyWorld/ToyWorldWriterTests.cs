using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MiniMind.Coordinator.ToyWorld;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.ToyWorld;

public sealed class ToyWorldWriterTests : IDisposable
{
    private static readonly ToyWorldOptions s_small = new() { ProseRounds = 1, QuizRounds = 1, SumRounds = 1 };

    private readonly string _parent = Directory.CreateTempSubdirectory("toy-world-").FullName;

    private string Folder => Path.Combine(_parent, "world");

    [Fact]
    public void Write_same_seed_and_options_gives_the_same_bytes()
    {
        var first = ToyWorldWriter.Write(Folder, 5, s_small);
        var second = ToyWorldWriter.Write(Path.Combine(_parent, "other"), 5, s_small);

        Assert.Equal(first.Files, second.Files);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Folder, "world.json")), File.ReadAllBytes(Path.Combine(_parent, "other", "world.json")));
    }

    /// <summary>Bytes of an earlier day and machine: whoever changes the world changes this line knowingly.</summary>
    [Fact]
    public void Write_gives_the_bytes_it_gave_on_other_machines()
    {
        var files = ToyWorldWriter.Write(Folder, 5, s_small).Files;

        var all = string.Join('\n', files.Select(file => $"{file.Name} {file.Sha256}"));
        Assert.Equal("7faab255f20547e3", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..16]);
    }

    [Fact]
    public void Write_other_seed_gives_another_world()
    {
        var first = ToyWorldWriter.Write(Folder, 5, s_small);
        var second = ToyWorldWriter.Write(Folder, 6, s_small, replace: true);

        Assert.DoesNotContain(first.Files.Zip(second.Files), files => files.First.Name != "lora_identity.jsonl" && files.First.Sha256 == files.Second.Sha256);
    }

    [Fact]
    public void Write_manifest_lists_seed_options_and_the_hash_of_every_file()
    {
        ToyWorldWriter.Write(Folder, ulong.MaxValue, s_small);

        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "world.json")));
        Assert.Equal(ulong.MaxValue, manifest.RootElement.GetProperty("seed").GetUInt64());
        Assert.Equal(s_small, manifest.RootElement.GetProperty("options").Deserialize<ToyWorldOptions>());
        var listed = manifest.RootElement.GetProperty("files").EnumerateObject().ToDictionary(file => file.Name, file => file.Value.GetProperty("sha256").GetString());
        Assert.Equal(
            ["dpo.jsonl", "lora_identity.jsonl", "pretrain.jsonl", "questions.jsonl", "reason.jsonl", "sft.jsonl"], listed.Keys.Order(StringComparer.Ordinal));
        Assert.All(listed, file => Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Folder, file.Key)))), file.Value));
    }

    [Fact]
    public void Write_replaces_an_earlier_world_and_leaves_nothing_beside_it()
    {
        ToyWorldWriter.Write(Folder, 5, s_small);
        File.AppendAllText(Path.Combine(Folder, "sft.jsonl"), "edited");

        var again = ToyWorldWriter.Write(Folder, 5, s_small);

        Assert.Equal(again.Files.Single(file => file.Name == "sft.jsonl").Bytes, new FileInfo(Path.Combine(Folder, "sft.jsonl")).Length);
        Assert.Equal([Folder], Directory.GetFileSystemEntries(_parent));
    }

    [Theory]
    [InlineData(6, 1, "that of seed 5")]
    [InlineData(5, 2, "one with other options")]
    public void Write_over_another_world_refuses_unless_asked_to_replace_it(ulong seed, int rounds, string found)
    {
        ToyWorldWriter.Write(Folder, 5, s_small);
        var former = File.ReadAllBytes(Path.Combine(Folder, "pretrain.jsonl"));
        var options = s_small with { ProseRounds = rounds };

        var fault = Assert.Throws<InputException>(() => ToyWorldWriter.Write(Folder, seed, options, remedy: "Do this."));

        Assert.Equal($"{Path.Combine(Folder, "world.json")}: expected no toy world, or that of seed {seed}; found {found}. Do this.", fault.Message);
        Assert.Equal(former, File.ReadAllBytes(Path.Combine(Folder, "pretrain.jsonl")));
        ToyWorldWriter.Write(Folder, seed, options, replace: true);
        Assert.NotEqual(former, File.ReadAllBytes(Path.Combine(Folder, "pretrain.jsonl")));
    }

    [Fact]
    public void IsWritten_is_true_of_a_whole_world_with_the_same_parameters_only()
    {
        Assert.False(ToyWorldWriter.IsWritten(Folder, 5, s_small));
        ToyWorldWriter.Write(Folder, 5, s_small);

        Assert.True(ToyWorldWriter.IsWritten(Folder, 5, s_small));
        Assert.False(ToyWorldWriter.IsWritten(Folder, 6, s_small));
        Assert.False(ToyWorldWriter.IsWritten(Folder, 5));
        File.Delete(Path.Combine(Folder, "questions.jsonl"));
        Assert.False(ToyWorldWriter.IsWritten(Folder, 5, s_small));
    }

    [Fact]
    public void Write_into_an_empty_folder_fills_it()
    {
        Directory.CreateDirectory(Folder);

        ToyWorldWriter.Write(Folder + Path.DirectorySeparatorChar, 5, s_small);

        Assert.True(File.Exists(Path.Combine(Folder, "world.json")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_over_a_foreign_file_refuses_and_names_it(bool besideAWorld)
    {
        if (besideAWorld)
        {
            ToyWorldWriter.Write(Folder, 5, s_small);
        }
        Directory.CreateDirectory(Folder);
        var mine = Path.Combine(Folder, "mine.txt");
        File.WriteAllText(mine, "precious");

        var fault = Assert.Throws<InputException>(() => ToyWorldWriter.Write(Folder, 6, s_small));

        Assert.Contains("mine.txt", fault.Message, StringComparison.Ordinal);
        Assert.Contains(Folder, fault.Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(mine));
        Assert.Equal([Folder], Directory.GetFileSystemEntries(_parent));
    }

    [Fact]
    public void Write_over_another_programs_manifest_refuses()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "world.json"), "{\"files\":{\"notes.txt\":{}}}");

        Assert.Throws<InputException>(() => ToyWorldWriter.Write(Folder, 6, s_small));
    }

    [Fact]
    public void Write_where_a_file_is_refuses()
    {
        File.WriteAllText(Folder, "a file");

        Assert.Contains("found a file", Assert.Throws<InputException>(() => ToyWorldWriter.Write(Folder, 6, s_small)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_impossible_options_are_all_named_and_nothing_is_written()
    {
        var options = new ToyWorldOptions { Values = 5, ProseRounds = 0, EntitiesPerKind = 10_000 };

        var fault = Assert.Throws<InputException>(() => ToyWorldWriter.Write(Folder, 1, options));

        Assert.All(["Values", "ProseRounds", "EntitiesPerKind"], name => Assert.Contains(name, fault.Message, StringComparison.Ordinal));
        Assert.False(Directory.Exists(Folder));
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);
}
