using System.Runtime.CompilerServices;
using MiniMind.Transformer.Runtime;

// The number of threads is a property of the process, and some tests change it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace MiniMind.Transformer.Tests;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void Initialize() => TorchRuntime.Initialize(threads: 1);
}
