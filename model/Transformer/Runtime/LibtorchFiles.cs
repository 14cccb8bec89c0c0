using MiniMind.Text;

namespace MiniMind.Transformer.Runtime;

/// <summary>Which libraries make up libtorch, in the order in which each finds its dependencies already loaded. Linux only.</summary>
/// <param name="Paths">Full paths of files that are there; the last is TorchSharp's own library.</param>
/// <param name="Installation">Folder of the installed PyTorch that they come from; null: they came with the build.</param>
internal sealed record LibtorchFiles(IReadOnlyList<string> Paths, string? Installation)
{
    /// <summary>Environment variable that names the folder "torch/lib" of an installed PyTorch, to be used instead of the build's own libtorch.</summary>
    public const string Variable = "MINIMIND_LIBTORCH";

    private const string Cpu = "libtorch_cpu.so";
    private const string Cuda = "libtorch_cuda.so";
    private const string TorchSharp = "libLibTorchSharp.so";

    /// <summary>Prints the folder to name. Importing torch is not needed for it, and takes seconds.</summary>
    private const string Ask = "python3 -c 'import importlib.util as u, os; print(os.path.join(os.path.dirname(u.find_spec(\"torch\").origin), \"lib\"))'";

    // What "import torch" loads first: it finds NVIDIA's libraries wherever that installation keeps them.
    private static readonly string[] InstalledOrder = ["libtorch_global_deps.so", "libc10.so", Cpu, "libc10_cuda.so", Cuda, "libtorch.so"];
    private static readonly string[] OptionalWhenInstalled = ["libtorch_global_deps.so", "libc10_cuda.so", Cuda];
    private static readonly string[] OwnOrder = ["libc10.so", Cpu, "libtorch.so"];

    /// <summary>Finds the libraries; loads nothing.</summary>
    /// <param name="named">Value of <see cref="Variable"/>; null or empty: the build's own.</param>
    /// <param name="ownFolder">Where a build for the CPU puts its libtorch.</param>
    /// <param name="searched">Where .NET, and TorchSharp through it, looks for native libraries.</param>
    /// <exception cref="InputException">A library is missing, or a second libtorch would be loaded; the message says where and what to do.</exception>
    public static LibtorchFiles Find(string? named, string ownFolder, IReadOnlyList<string> searched)
    {
        var torchSharp = Own(searched, TorchSharp);
        if (string.IsNullOrEmpty(named)) return new LibtorchFiles([.. OwnOrder.Select(library => Own([ownFolder, .. searched], library)), torchSharp], null);
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(named));
        var present = InstalledOrder.Where(library => File.Exists(Path.Combine(folder, library))).ToArray();
        if (InstalledOrder.Except(OptionalWhenInstalled).Except(present).FirstOrDefault() is { } missing)
            throw new InputException($"{Variable}: expected {missing} in {folder}, found none. Set it to what this prints: {Ask}; or unset it to use the build's own libtorch");
        if (searched.FirstOrDefault(candidate => File.Exists(Path.Combine(candidate, Cpu))) is { } second)
            throw new InputException($"{Variable}: this build carries a libtorch in {second} that would be loaded too. Build without -p:Accelerator=cuda, or unset it to use that one");
        return new LibtorchFiles([.. present.Select(library => Path.Combine(folder, library)), torchSharp], folder);
    }

    /// <summary>Whether the CUDA half is there.</summary>
    /// <exception cref="InputException">It is not; the message names the fix.</exception>
    public void RequireCuda()
    {
        var cuda = Path.Combine(Path.GetDirectoryName(Paths[0])!, Cuda);
        if (File.Exists(cuda)) return;
        throw new InputException(Installation is null
            ? $"device cuda: this build carries the CPU libtorch. Build with -p:Accelerator=cuda, let {Variable} name the libraries of a PyTorch that has CUDA, or use device cpu"
            : $"device cuda: {Variable} names a PyTorch without CUDA, expected {cuda}. Name one that has it, or use device cpu");
    }

    /// <summary>What to say of a libtorch that TorchSharp was not compiled for; null where there is nothing to say.</summary>
    /// <param name="loaded">Such as "2.11.0".</param>
    /// <param name="compiledFor">Such as "2.10.0.0".</param>
    public static string? VersionNote(string loaded, string compiledFor)
    {
        var expected = string.Join('.', compiledFor.Split('.').Take(2));
        return loaded.StartsWith($"{expected}.", StringComparison.Ordinal)
            ? null
            : $"TorchSharp was compiled for {expected}: what differs between the two fails when it is called";
    }

    private static string Own(IReadOnlyList<string> folders, string library) =>
        folders.Select(folder => Path.Combine(folder, library)).FirstOrDefault(File.Exists)
        ?? throw new InputException($"libtorch: expected {library} in {string.Join(" or ", folders)}, found none. Build the program again: the build copies it there");
}
