using MiniMind.Text;
using MiniMind.Worker.Chat;
using MiniMind.Worker.Tests.Artifacts;

namespace MiniMind.Worker.Tests.Chat;

public sealed class LoadedModelTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_a_runs_folder_names_its_newest_model()
    {
        Directory.CreateDirectory(_folder.File("run/state"));
        Directory.CreateDirectory(_folder.File("run/latest"));

        Assert.Equal($"--model {_folder.File("run")}: expected the folder of a model, found a run's folder; its newest model is {_folder.File("run/latest")}", Refused("run"));
    }

    [Fact]
    public void Open_a_runs_folder_without_a_checkpoint_says_so()
    {
        Directory.CreateDirectory(_folder.File("run/state"));

        Assert.EndsWith("found a run's folder; it has no model yet, because no checkpoint was written", Refused("run"), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_a_folder_that_is_not_there_says_where_models_are() =>
        Assert.Contains("found no such folder; a run leaves its newest model in runs/NAME/latest", Refused("nowhere"), StringComparison.Ordinal);

    private string Refused(string folder) => Assert.Throws<InputException>(() => LoadedModel.Open(_folder.File(folder), "cpu", threads: 1)).Message;
}
