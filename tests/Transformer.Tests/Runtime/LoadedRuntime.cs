using System.Runtime.InteropServices;
using MiniMind.Transformer.Runtime;
using TorchSharp;

namespace MiniMind.Transformer.Tests.Runtime;

/// <summary>What a process has loaded and set, told by itself: one line each, then the digest of a gradient.</summary>
internal static class LoadedRuntime
{
    public static string Report()
    {
        var digest = Sample.GradientDigest(threads: 1);
        // Seeding asks TorchSharp for CUDA.
        torch.random.manual_seed(1);
        return string.Join('\n', $"libtorch_cpu: {string.Join(' ', Mapped("libtorch_cpu.so"))}", $"tf32: {torch.backends.cuda.matmul.allow_tf32}",
            $"cublas: {Marshal.PtrToStringUTF8(NativeVariable("CUBLAS_WORKSPACE_CONFIG"))}", TorchRuntime.Describe(), digest);
    }

    /// <summary>Paths of the libraries of a name that are mapped into this process.</summary>
    private static IEnumerable<string> Mapped(string library) =>
        File.ReadLines("/proc/self/maps").Where(line => line.EndsWith($"/{library}", StringComparison.Ordinal)).Select(line => line[line.IndexOf('/')..]).Distinct();

    [DllImport("libc", EntryPoint = "getenv", BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint NativeVariable([MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
