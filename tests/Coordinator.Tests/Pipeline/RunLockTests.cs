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
}
