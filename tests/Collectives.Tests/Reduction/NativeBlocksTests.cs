using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Tests.Reduction;

public sealed class NativeBlocksTests
{
    private readonly NativeBlocks _blocks = new();

    [Fact]
    public void A_block_that_was_given_back_is_used_again_by_whoever_fits_in_it()
    {
        var (small, large) = (_blocks.Rent(1000), _blocks.Rent(4000));
        _blocks.Return(large);
        _blocks.Return(small);
        Assert.Same(small, _blocks.Rent(900));
        Assert.Same(large, _blocks.Rent(900));
        Assert.Equal(900u, _blocks.Rent(900).Bytes);
    }

    [Fact]
    public void A_block_that_is_in_use_is_nobody_elses()
    {
        NativeBlock[] all = [.. Enumerable.Range(0, 5).Select(_ => _blocks.Rent(64))];
        Assert.Equal(5, all.Select(block => block.Start).Distinct().Count());
        Assert.All(all, block => Assert.Equal(0, block.Start % 64));
        foreach (var block in all) _blocks.Return(block);
    }

    [Fact]
    public void Twice_the_largest_is_kept_and_no_more()
    {
        NativeBlock[] all = [_blocks.Rent(4000), _blocks.Rent(4000), _blocks.Rent(4000)];
        foreach (var block in all) _blocks.Return(block);
        NativeBlock[] again = [_blocks.Rent(4000), _blocks.Rent(4000)];
        Assert.True(again.ToHashSet().SetEquals(all[..2]));
    }

    [Fact]
    public void A_buffer_that_was_disposed_gives_no_memory_any_more()
    {
        var buffer = new FlatBuffer(16);
        ((IDisposable)buffer).Dispose();
        ((IDisposable)buffer).Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.GetSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => buffer.Pin());
    }
}
