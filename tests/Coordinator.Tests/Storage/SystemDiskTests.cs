using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Tests.Storage;

public sealed class SystemDiskTests : IDisposable
{
    private static readonly SystemDisk Disk = SystemDisk.Instance;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folder_that_is_there_is_flushed_and_one_that_is_not_is_a_fault_with_its_name()
    {
        Disk.MakeFolder(_folder["a/b/c"]);
        Disk.FlushTree(_folder["a"]);
        var missing = _folder["missing"];
        if (!OperatingSystem.IsWindows()) Assert.Contains(missing, Assert.Throws<IOException>(() => Disk.FlushFolder(missing)).Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(_folder["a/b/c"]));
    }

    [Fact]
    public void Links_to_folders_are_listed_as_files_and_renamed_over_each_other()
    {
        Disk.MakeFolder(_folder["one"]);
        Disk.MakeFolder(_folder["two"]);
        Disk.Link(_folder["link"], "one");
        Disk.Link(_folder["link.tmp"], "two");
        Assert.Equal([_folder["link"], _folder["link.tmp"]], Disk.FilesIn(_folder.Path).Order(StringComparer.Ordinal));
        Assert.Equal([_folder["one"], _folder["two"]], Disk.FoldersIn(_folder.Path).Order(StringComparer.Ordinal));
        Disk.Publish(_folder["link.tmp"], _folder["link"]);
        Assert.Equal("two", new FileInfo(_folder["link"]).LinkTarget);
        Disk.Delete(_folder["link"]);
        Assert.Equal([_folder["one"], _folder["two"]], Directory.GetFileSystemEntries(_folder.Path).Order(StringComparer.Ordinal));
    }
}
