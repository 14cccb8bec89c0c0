using System.Diagnostics;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Transformer.Tests.Runtime;

/// <summary>A process whose libtorch lies in a folder of its own, as that of an installed PyTorch does. Linux, where alone that can be.</summary>
public sealed class InstalledLibtorchTests
{
    [Fact]
    public void A_named_folder_gives_the_only_libtorch_and_the_same_bits()
    {
        if (!OperatingSystem.IsLinux()) return;
        var folder = Directory.CreateTempSubdirectory("minimind-libtorch-");
        try
        {
            // A copy: a link would be the same file to the dynamic loader, which then never loads a second one.
            foreach (var library in Directory.EnumerateFiles(OwnFolder, "lib*.so*").Where(IsOfPyTorch))
                File.Copy(library, Path.Combine(folder.FullName, Path.GetFileName(library)));

            var report = Report((LibtorchFiles.Variable, folder.FullName));

            Assert.Equal($"libtorch_cpu: {folder.FullName}/libtorch_cpu.so", report[0]);
            Assert.Matches($@"^libtorch \d+\.\d+\.\d+ of {folder.FullName}, \w+, 1 thread\(s\), deterministic algorithms$", report[3]);
            Assert.Equal(Sample.GradientDigest(threads: 1), report[4]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Float32_products_are_whole_and_cublas_repeatable_unless_the_launcher_chose()
    {
        if (!OperatingSystem.IsLinux()) return;

        var report = Report(("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1"));
        Assert.Equal(["tf32: False", "cublas: :4096:8"], report[1..3]);
        Assert.Equal("cublas: :16:8", Report(("CUBLAS_WORKSPACE_CONFIG", ":16:8"))[2]);
    }

    private static string OwnFolder { get; } =
        Path.GetDirectoryName(Directory.EnumerateFiles(AppContext.BaseDirectory, "libtorch_cpu.so", SearchOption.AllDirectories).Single())!;

    private static bool IsOfPyTorch(string path) =>
        Path.GetFileName(path) is "libtorch_global_deps.so" or "libc10.so" or "libtorch_cpu.so" or "libtorch.so" ||
        Path.GetFileName(path).StartsWith("libgomp", StringComparison.Ordinal);

    private static string[] Report(params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Sample).Assembly.Location, "runtime"]) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        using var other = Process.Start(start)!;
        var report = other.StandardOutput.ReadToEnd();
        other.WaitForExit();
        Assert.Equal(0, other.ExitCode);
        return report.Split('\n');
    }
}
