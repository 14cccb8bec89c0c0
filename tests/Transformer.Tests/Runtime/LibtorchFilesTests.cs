using MiniMind.Text;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Transformer.Tests.Runtime;

public sealed class LibtorchFilesTests : IDisposable
{
    private static readonly string[] CpuLibraries = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    private readonly DirectoryInfo _top = Directory.CreateTempSubdirectory("minimind-libtorch-files-");

    [Fact]
    public void Without_a_name_the_builds_own_are_loaded_each_after_what_it_needs()
    {
        var own = Folder("own", CpuLibraries);

        foreach (var unset in new[] { null, "" })
        {
            var files = LibtorchFiles.Find(unset, own, [Searched]);

            Assert.Equal([.. CpuLibraries.Select(library => Path.Combine(own, library)), Path.Combine(Searched, "libLibTorchSharp.so")], files.Paths);
            Assert.Null(files.Installation);
        }
    }

    [Fact]
    public void A_build_for_cuda_has_everything_where_dotnet_looks()
    {
        var searched = Folder("cuda-build", [.. CpuLibraries, "libtorch_cuda.so", "libLibTorchSharp.so"]);

        var files = LibtorchFiles.Find(null, PathOf("own"), [searched]);

        Assert.Equal([.. CpuLibraries, "libLibTorchSharp.so"], files.Paths.Select(path => Path.GetRelativePath(searched, path)));
        files.RequireCuda();
    }

    [Fact]
    public void A_named_folder_gives_all_but_TorchSharps_own_library()
    {
        var own = Folder("own", CpuLibraries);
        string[] cuda = ["libtorch_global_deps.so", "libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];
        var installed = Folder("installed", [.. cuda, "libtorch_python.so"]);

        var files = LibtorchFiles.Find(installed + "/", own, [Searched]);

        Assert.Equal([.. cuda.Select(library => Path.Combine(installed, library)), Path.Combine(Searched, "libLibTorchSharp.so")], files.Paths);
        Assert.Equal(installed, files.Installation);
        files.RequireCuda();
    }

    [Fact]
    public void A_program_without_libtorch_of_its_own_can_use_an_installed_one()
    {
        var installed = Folder("installed", CpuLibraries);

        var files = LibtorchFiles.Find(installed, PathOf("own"), [Searched]);

        Assert.Equal(CpuLibraries.Length + 1, files.Paths.Count);
    }

    [Theory]
    [InlineData("libc10.so")]
    [InlineData("libtorch_cpu.so")]
    [InlineData("libtorch.so")]
    public void A_named_folder_without_libtorch_is_wrong_input(string missing)
    {
        var installed = Folder("installed", [.. CpuLibraries.Where(library => library != missing)]);

        var failure = Assert.Throws<InputException>(() => LibtorchFiles.Find(installed, PathOf("own"), [Searched]));

        Assert.StartsWith($"MINIMIND_LIBTORCH: expected {missing} in {installed}, found none. Set it to what this prints: python3 -c", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_libtorch_where_dotnet_looks_is_refused()
    {
        var installed = Folder("installed", CpuLibraries);
        var searched = Folder("cuda-build", [.. CpuLibraries, "libLibTorchSharp.so"]);

        var failure = Assert.Throws<InputException>(() => LibtorchFiles.Find(installed, PathOf("own"), [searched]));

        Assert.StartsWith($"MINIMIND_LIBTORCH: this build carries a libtorch in {searched}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_without_its_libraries_names_the_build()
    {
        var (own, empty) = (Folder("own", CpuLibraries), Folder("empty"));

        var nothing = Assert.Throws<InputException>(() => LibtorchFiles.Find(null, empty, [Searched]));
        var failure = Assert.Throws<InputException>(() => LibtorchFiles.Find(null, own, [empty]));

        Assert.Equal($"libtorch: expected libc10.so in {empty} or {Searched}, found none. Build the program again: the build copies it there", nothing.Message);
        Assert.Equal($"libtorch: expected libLibTorchSharp.so in {empty}, found none. Build the program again: the build copies it there", failure.Message);
    }

    [Fact]
    public void Cuda_asks_for_the_half_of_libtorch_that_is_missing()
    {
        var own = Folder("own", CpuLibraries);
        var installed = Folder("installed", CpuLibraries);

        var built = Assert.Throws<InputException>(() => LibtorchFiles.Find(null, own, [Searched]).RequireCuda());
        var named = Assert.Throws<InputException>(() => LibtorchFiles.Find(installed, own, [Searched]).RequireCuda());

        Assert.Contains("this build carries the CPU libtorch. Build with -p:Accelerator=cuda, let MINIMIND_LIBTORCH", built.Message, StringComparison.Ordinal);
        Assert.Contains($"MINIMIND_LIBTORCH names a PyTorch without CUDA, expected {installed}/libtorch_cuda.so", named.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.10.0", true)]
    [InlineData("2.10.1", true)]
    [InlineData("2.11.0", false)]
    [InlineData("2.1.0", false)]
    [InlineData("2.100.0", false)]
    [InlineData("unknown", false)]
    public void A_version_that_TorchSharp_was_not_compiled_for_is_said(string loaded, bool same) =>
        Assert.Equal(same ? null : "TorchSharp was compiled for 2.10: what differs between the two fails when it is called", LibtorchFiles.VersionNote(loaded, "2.10.0.0"));

    public void Dispose() => _top.Delete(recursive: true);

    /// <summary>Where .NET looks; holds TorchSharp's own library and nothing else.</summary>
    private string Searched => Folder("searched", "libLibTorchSharp.so");

    private string PathOf(string name) => Path.Combine(_top.FullName, name);

    private string Folder(string name, params string[] libraries)
    {
        var folder = _top.CreateSubdirectory(name).FullName;
        foreach (var library in libraries) File.WriteAllText(Path.Combine(folder, library), "");
        return folder;
    }
}
