using MiniMind.Text;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Tests.Training;

public sealed class MicrobatchTests
{
    [Fact]
    public void Positions_restart_at_documents_and_rows()
    {
        var batch = Microbatch.FromSequences(4, [([5, 6, 7, 8], [6, -1, 8, -1], [0, 2]), ([1, 2, 3, 4], [-1, 3, 4, -1], [0])]);

        Assert.Equal([5, 6, 7, 8, 1, 2, 3, 4], batch.Tokens);
        Assert.Equal([0, 1, 0, 1, 0, 1, 2, 3], batch.Positions);
        Assert.Equal([2, 2, 4], batch.Documents);
        Assert.Equal([0, 2, 5, 6], batch.TargetIndices);
        Assert.Equal([6, 8, 3, 4], batch.Targets);
    }

    [Theory]
    [InlineData(3, 4, new[] { 0 }, "expected 4 tokens, found 3")]
    [InlineData(4, 3, new[] { 0 }, "expected 4 targets, found 3")]
    [InlineData(4, 4, new int[0], "expected its first document at 0, found none")]
    [InlineData(4, 4, new[] { 1 }, "expected its first document at 0, found 1")]
    [InlineData(4, 4, new[] { 0, 2, 2 }, "expected document starts to ascend")]
    [InlineData(4, 4, new[] { 0, 4 }, "expected document starts to ascend")]
    public void A_malformed_row_is_named(int tokens, int targets, int[] starts, string message)
    {
        var good = (new int[4], new int[4], new[] { 0 });

        var failure = Assert.Throws<InputException>(() => Microbatch.FromSequences(4, [good, (new int[tokens], new int[targets], starts)]));

        Assert.StartsWith("sequence 1: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }
}
