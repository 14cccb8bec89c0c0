using MiniMind.Text;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Transformer.Tests.Runtime;

public sealed class DeviceNameTests
{
    [Theory]
    [InlineData("cpu", false, 0)]
    [InlineData("cuda", true, 0)]
    [InlineData("cuda:3", true, 3)]
    public void Known_forms_are_read(string text, bool cuda, int index) => Assert.Equal(new DeviceName(cuda, index), DeviceName.Parse(text));

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("")]
    public void Other_forms_are_wrong_input(string text)
    {
        var failure = Assert.Throws<InputException>(() => DeviceName.Parse(text));

        Assert.Contains($"expected cpu, cuda or cuda:N, found '{text}'", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>The test process has begun on the CPU. A build that has CUDA may succeed or name another fault.</summary>
    [Fact]
    public void Cuda_after_the_cpu_in_a_build_without_it_names_the_build()
    {
        if (!OperatingSystem.IsLinux() || Directory.EnumerateFiles(AppContext.BaseDirectory, "libtorch_cuda.so", SearchOption.AllDirectories).Any()) return;

        var failure = Assert.Throws<InputException>(() => TorchRuntime.Initialize(2, "cuda:1"));

        Assert.Contains("this build carries the CPU libtorch", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, TorchRuntime.Threads);
    }

    [Fact]
    public void A_runtime_needs_a_thread()
    {
        Assert.Contains("found 0", Assert.Throws<InputException>(() => TorchRuntime.Initialize(0)).Message, StringComparison.Ordinal);
        Assert.Matches(@"^libtorch \d+\.\d+\.\d+, \w+, 1 thread\(s\)", TorchRuntime.Describe());
    }
}
