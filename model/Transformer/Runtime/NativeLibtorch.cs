using System.Runtime.InteropServices;
using MiniMind.Text;

namespace MiniMind.Transformer.Runtime;

/// <summary>The parts of libtorch's C++ interface that TorchSharp does not reach, and the check that the libraries load at all.</summary>
internal static unsafe partial class NativeLibtorch
{
    // Asked until it is answered, then never again: what is loaded stays loaded.
    private static readonly Lazy<LibtorchFiles> Found =
        new(() => LibtorchFiles.Find(Environment.GetEnvironmentVariable(LibtorchFiles.Variable), OwnFolder, SearchFolders()), LazyThreadSafetyMode.PublicationOnly);

    private static string OwnFolder => Path.Combine(AppContext.BaseDirectory, "libtorch");

    /// <summary>Folder of the installed PyTorch whose libtorch this process uses; null: the build's own, or another system than Linux.</summary>
    public static string? Installation => OperatingSystem.IsLinux() ? Found.Value.Installation : null;

    /// <summary>
    /// Asks for matrix products with the same bits for any number of threads (MKL) and for every call (cuBLAS; not measured). Both read their
    /// variable when they are first used; .NET's own SetEnvironmentVariable does not reach native code. A value that the launcher has set stays.
    /// Measured on a CPU: 0 to 4 % of a step.
    /// </summary>
    public static void RequestStrictMatrixProducts()
    {
        if (OperatingSystem.IsWindows()) return;
        foreach (var (name, value) in new[] { ("MKL_CBWR", "AUTO,STRICT"), ("CUBLAS_WORKSPACE_CONFIG", ":4096:8") })
            if (SetEnvironment(name, value, overwrite: 0) != 0) throw new InvalidOperationException($"setenv {name} failed");
    }

    /// <summary>
    /// Loads the native libraries by full path, so that a failure is this one and not a later, misleading one. Whoever asks for one of them by
    /// its name alone, as TorchSharp and this class do, gets the loaded one.
    /// </summary>
    /// <exception cref="InputException">One is missing or does not load; the message names the fix.</exception>
    public static void EnsureLoadable()
    {
        if (!OperatingSystem.IsLinux())
        {
            if (Environment.GetEnvironmentVariable(LibtorchFiles.Variable) is { Length: > 0 })
                throw new InputException($"{LibtorchFiles.Variable}: expected Linux, where alone an installed PyTorch can be used; unset it");
            return;
        }

        foreach (var path in Found.Value.Paths) Load(path);
    }

    /// <summary>Whether libtorch's CUDA half is there. It is looked for on Linux only.</summary>
    /// <exception cref="InputException">It is not; nothing was loaded or changed.</exception>
    public static void RequireCudaBuild()
    {
        if (OperatingSystem.IsLinux()) Found.Value.RequireCuda();
    }

    /// <summary>
    /// Products of float32 in full, also where TORCH_ALLOW_TF32_CUBLAS_OVERRIDE or a libtorch's default says TF32. A libtorch without the switch
    /// keeps its default.
    /// </summary>
    public static void RequestFullFloat32Products()
    {
        try
        {
            SetAllowTf32(GlobalContext(), false);
        }
        catch (EntryPointNotFoundException)
        {
            // The other compilers' names; their libtorches start with TF32 off.
        }
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

    private static void Load(string path)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (Exception failure) when (failure is DllNotFoundException or BadImageFormatException)
        {
            throw new InputException($"libtorch: {path} does not load. Fix: {Fix(failure.Message)}. The loader says: {failure.Message.Trim()}", failure);
        }
    }

    private static string Fix(string message)
    {
        if (message.Contains("GLIBCXX", StringComparison.Ordinal))
            return "this system's C++ library is older than TorchSharp's; the build repairs that in its copy: delete the bin and obj folders and build again";
        return Installation is null
            ? "build the program again on this system"
            : $"see that \"import torch\" works in the PyTorch that {LibtorchFiles.Variable} names, or unset it to use the build's own libtorch";
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at13globalContextEv")]
    private static partial nint GlobalContext();

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context26setDeterministicAlgorithmsEbb")]
    private static partial void SetDeterministicAlgorithms(nint context, [MarshalAs(UnmanagedType.U1)] bool on, [MarshalAs(UnmanagedType.U1)] bool warnOnly);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context39setDeterministicFillUninitializedMemoryEb")]
    private static partial void SetDeterministicFill(nint context, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context18setAllowTF32CuBLASEb")]
    private static partial void SetAllowTf32(nint context, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at18get_cpu_capabilityB5cxx11Ev")]
    private static partial void GetCpuCapability(nint* text);

    [LibraryImport("torch_cpu", EntryPoint = "aoti_torch_abi_version")]
    private static partial ulong AbiVersion();
}
