using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Pipeline;

public sealed class RunLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_in_use_is_refused_by_name_and_free_again_afterwards()
    {
        using (RunLock.Take(_folder[".lock"]))
        {
            var fault = Assert.Throws<InputException>(() => RunLock.Take(_folder[".lock"]));
            Assert.Contains(_folder.Path, fault.Message, StringComparison.Ordinal);
            Assert.Contains("--out", fault.Message, StringComparison.Ordinal);
        }
        RunLock.Take(_folder[".lock"]).Dispose();
    }

    [Fact]
    public void Watchers_keep_out_who_works_there_but_not_one_another_and_are_told_no_remedy_that_they_lack()
    {
        RunLock.Take(_folder[".lock"]).Dispose();
        using (RunLock.Watch(_folder[".lock"]))
        {
            using var second = RunLock.Watch(_folder[".lock"]);
            Assert.Throws<InputException>(() => RunLock.Take(_folder[".lock"]));
        }
        using var taken = RunLock.Take(_folder[".lock"]);
        var fault = Assert.Throws<InputException>(() => RunLock.Watch(_folder[".lock"]));
        Assert.Contains(_folder.Path, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("--out", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_watched_need_not_be_writable()
    {
        RunLock.Take(_folder[".lock"]).Dispose();
        File.SetAttributes(_folder[".lock"], FileAttributes.ReadOnly);
        using var watched = RunLock.Watch(_folder[".lock"]);
        Assert.False(watched.CanWrite);
    }
}
