using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Tests.Reduction;

public sealed class SegmentsTests
{
    public static TheoryData<int, int, int> Shapes => new()
    {
        { 1, 1, 16 }, { 1, 4, 16 }, { 63, 2, 16 }, { 64, 3, 64 }, { 1000, 3, 48 }, { 1000, 8, 1000 }, { 4097, 5, 100 }, { 26_000_001, 7, 131072 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Chunks_of_all_ranks_make_up_the_gradient_once_and_in_order(int length, int worldSize, int chunkLength)
    {
        var segments = new Segments(length, worldSize, chunkLength);
        var next = 0;
        for (var rank = 0; rank < worldSize; rank++)
        {
            Assert.Equal(next, segments.Start(rank));
            for (var index = 0; index < segments.ChunksOf(rank); index++)
            {
                var (offset, count) = segments.Chunk(rank, index);
                Assert.Equal(next, offset);
                Assert.InRange(count, 1, chunkLength);
                Assert.Equal(index, segments.ChunkAt(rank, offset, count));
                next += count;
            }
            Assert.Equal(segments.Start(rank) + segments.LengthOf(rank), next);
        }
        Assert.Equal(length, next);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void No_cache_line_has_two_owners(int length, int worldSize, int chunkLength)
    {
        var segments = new Segments(length, worldSize, chunkLength);
        for (var rank = 0; rank < worldSize; rank++) Assert.Equal(0, segments.Start(rank) % 64);
    }

    [Fact]
    public void ChunkAt_refuses_what_is_no_chunk_of_the_rank()
    {
        var segments = new Segments(1000, 3, 48);
        var (offset, length) = segments.Chunk(1, 1);
        Assert.Equal(-1, segments.ChunkAt(0, offset, length));
        Assert.Equal(-1, segments.ChunkAt(2, offset, length));
        Assert.Equal(-1, segments.ChunkAt(1, offset + 1, length));
        Assert.Equal(-1, segments.ChunkAt(1, offset, length - 1));
        Assert.Equal(-1, segments.ChunkAt(1, offset + 48L * 1000, length));
        Assert.Equal(-1, segments.ChunkAt(1, -48, 48));
    }
}
