using System.Runtime.InteropServices;
using MiniMind.Text;

namespace MiniMind.Transformer.Runtime;

/// <summary>The parts of libtorch's C++ interface that TorchSharp does not reach, and the check that the libraries load at all.</summary>
internal static unsafe partial class NativeLibtorch
{
    /// <summary>In the order in which each finds its dependencies already loaded.</summary>
    private static readonly string[] LibrariesOnLinux = ["libc10.so", "libtorch_cpu.so", "libtorch.so", "libLibTorchSharp.so"];

    /// <summary>
    /// Matrix products with the same bits for any number of threads. MKL reads the variable when it is first used; .NET's
    /// own SetEnvironmentVariable does not reach native code. A value that the launcher has set stays. Measured: 0 to 4 % of a step.
    /// </summary>
    public static void RequestStrictMatrixProducts()
    {
        if (!OperatingSystem.IsWindows() && SetEnvironment("MKL_CBWR", "AUTO,STRICT", overwrite: 0) != 0)
            throw new InvalidOperationException("setenv MKL_CBWR failed");
    }

    /// <summary>Loads the native libraries by full path, so that a failure is this one and not a later, misleading one.</summary>
    public static void EnsureLoadable()
    {
        if (!OperatingSystem.IsLinux()) return;
        var folder = SearchFolders().FirstOrDefault(candidate => File.Exists(Path.Combine(candidate, LibrariesOnLinux[^1])))
            ?? throw new InputException(
                $"libtorch: expected {LibrariesOnLinux[^1]} in {string.Join(" or ", SearchFolders())}, found none. Build the program again: the build copies it there");
        foreach (var library in LibrariesOnLinux) Load(SearchFolders(), library);
    }

    /// <summary>Whether libtorch's CUDA half came with this build. It is looked for on Linux only.</summary>
    /// <exception cref="InputException">It did not; nothing was loaded or changed.</exception>
    public static void RequireCudaBuild()
    {
        if (OperatingSystem.IsLinux() && !SearchFolders().Any(candidate => File.Exists(Path.Combine(candidate, "libtorch_cuda.so"))))
            throw new InputException("device cuda: this build carries the CPU libtorch. Build with -p:Accelerator=cuda, or use device cpu");
    }

    /// <summary>
    /// at::globalContext().setDeterministicAlgorithms(true, warn_only: false), without its side effect of filling every fresh
    /// tensor with NaN. False where the symbols are not exported under these names (other compilers mangle differently).
    /// </summary>
    public static bool TryUseDeterministicAlgorithms()
    {
        try
        {
            var context = GlobalContext();
            SetDeterministicAlgorithms(context, true, false);
            SetDeterministicFill(context, false);
            return true;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Version of the loaded libtorch, such as "2.10.0"; "unknown" for one without a stable ABI version.</summary>
    public static string Version()
    {
        try
        {
            var version = AbiVersion();
            return $"{version >> 56}.{(version >> 48) & 0xff}.{(version >> 40) & 0xff}";
        }
        catch (EntryPointNotFoundException)
        {
            return "unknown";
        }
    }

    /// <summary>The instruction set that libtorch dispatches to ("AVX512"): results differ in their last bits between them.</summary>
    public static string CpuCapability()
    {
        // A std::string is returned through a hidden first argument only in this ABI; libstdc++'s layout is pointer, length, buffer.
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return RuntimeInformation.ProcessArchitecture.ToString();
        var text = stackalloc nint[4];
        GetCpuCapability(text);
        return Marshal.PtrToStringUTF8(text[0], (int)text[1]);
    }

    private static string[] SearchFolders()
    {
        var listed = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return [.. listed.Append(AppContext.BaseDirectory).Select(folder => Path.TrimEndingDirectorySeparator(folder)).Distinct()];
    }

    private static void Load(string[] folders, string library)
    {
        var path = folders.Select(folder => Path.Combine(folder, library)).FirstOrDefault(File.Exists)
            ?? throw new InputException($"libtorch: expected {library} in {string.Join(" or ", folders)}, found none. Build the program again: the build copies it there");
        try
        {
            NativeLibrary.Load(path);
        }
        catch (Exception failure) when (failure is DllNotFoundException or BadImageFormatException)
        {
            var fix = failure.Message.Contains("GLIBCXX", StringComparison.Ordinal)
                ? "this system's C++ library is older than TorchSharp's; the build repairs that in its copy: delete the bin and obj folders and build again"
                : "build the program again on this system";
            throw new InputException($"libtorch: {path} does not load. Fix: {fix}. The loader says: {failure.Message.Trim()}", failure);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at13globalContextEv")]
    private static partial nint GlobalContext();

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context26setDeterministicAlgorithmsEbb")]
    private static partial void SetDeterministicAlgorithms(nint context, [MarshalAs(UnmanagedType.U1)] bool on, [MarshalAs(UnmanagedType.U1)] bool warnOnly);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context39setDeterministicFillUninitializedMemoryEb")]
    private static partial void SetDeterministicFill(nint context, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at18get_cpu_capabilityB5cxx11Ev")]
    private static partial void GetCpuCapability(nint* text);

    [LibraryImport("torch_cpu", EntryPoint = "aoti_torch_abi_version")]
    private static partial ulong AbiVersion();
}
