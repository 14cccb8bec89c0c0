namespace MiniMind.Text.Tests;

public sealed class OutputPlaceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Root => _folder.Path;

    private static string Refusal(Action require) => Assert.Throws<InputException>(require).Message;

    [Fact]
    public void Places_that_can_be_made_are_accepted_and_nothing_is_left_there()
    {
        OutputPlace.RequireFolder(_folder.File("a/b/c"), "--out");
        OutputPlace.RequireFolder(Root, "--out");
        OutputPlace.RequireFile(_folder.File("a/b.json"), "--json");
        Assert.Empty(Directory.GetFileSystemEntries(Root));
        File.WriteAllText(_folder.File("there"), "kept");
        OutputPlace.RequireFile(_folder.File("there"), "--json");
        Assert.Equal("kept", File.ReadAllText(_folder.File("there")));
    }

    [Fact]
    public void Places_that_cannot_be_made_are_refused_with_option_place_and_reason()
    {
        string file = _folder.File("file");
        File.WriteAllText(file, "");
        Assert.Equal($"--out {file}/a/b: expected a place that can be written, found that {file} is a file; choose another one", Refusal(() => OutputPlace.RequireFolder(file + "/a/b", "--out")));
        Assert.Equal($"--json {file}/a: expected a place that can be written, found that {file} is a file; choose another one", Refusal(() => OutputPlace.RequireFile(file + "/a", "--json")));
        Assert.Equal($"--out {file}: expected a folder to write to, found a file; choose another one", Refusal(() => OutputPlace.RequireFolder(file, "--out")));
        Assert.Equal($"--json {Root}: expected the name of a file to write to, found a folder", Refusal(() => OutputPlace.RequireFile(Root, "--json")));
    }

    /// <summary>Whoever may write everywhere may not write there.</summary>
    [Theory]
    [InlineData("/proc/x")]
    [InlineData("/proc/x/y")]
    public void The_system_s_own_folders_are_refused_in_plain_words(string path)
    {
        if (!OperatingSystem.IsLinux()) return;
        Assert.Matches("^--out /proc/x.*: expected a place that can be written, found that (nothing can be made there|access is denied); choose another one$", Refusal(() => OutputPlace.RequireFolder(path, "--out")));
        Assert.Matches("^--json /proc/x.*: expected a place that can be written, found that (nothing can be made there|access is denied); choose another one$", Refusal(() => OutputPlace.RequireFile(path, "--json")));
    }
}
