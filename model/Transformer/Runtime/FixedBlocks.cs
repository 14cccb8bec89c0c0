namespace MiniMind.Transformer.Runtime;

/// <summary>
/// Work over equal blocks whose bounds never depend on the number of threads: what a block computes, and so the bits of any
/// result combined in block order, is the same for 1 thread and for 100.
/// </summary>
internal static class FixedBlocks
{
    /// <summary>Number of blocks of <paramref name="size"/> that cover <paramref name="count"/> elements.</summary>
    public static int Count(long count, int size) => checked((int)((count + size - 1) / size));

    /// <summary>Calls <paramref name="block"/> with 0 .. <paramref name="blocks"/> - 1, on at most <see cref="TorchRuntime.Threads"/> threads.</summary>
    public static void For(int blocks, Action<int> block)
    {
        if (TorchRuntime.Threads == 1 || blocks == 1)
        {
            for (var i = 0; i < blocks; i++) block(i);
            return;
        }

        Parallel.For(0, blocks, new ParallelOptions { MaxDegreeOfParallelism = TorchRuntime.Threads }, block);
    }
}
