using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Tests.Training;

public sealed class WeightsDigestTests
{
    private static readonly float[] Values = [.. Enumerable.Range(0, 600_001).Select(i => i / 7f)];

    [Fact]
    public void One_bit_anywhere_changes_the_digest()
    {
        var before = WeightsDigest.Compute([Values]);
        foreach (var index in new[] { 0, 262_143, 262_144, 600_000 })
        {
            var changed = Values.ToArray();
            changed[index] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(changed[index]) ^ 1);
            Assert.NotEqual(before, WeightsDigest.Compute([changed]));
        }
    }

    [Fact]
    public void The_order_of_buffers_matters() =>
        Assert.NotEqual(WeightsDigest.Compute([Values, new float[8]]), WeightsDigest.Compute([new float[8], Values]));

    [Fact]
    public void Threads_do_not_change_the_digest()
    {
        var one = WeightsDigest.Compute([Values]);
        TorchRuntime.Initialize(threads: 2);
        try
        {
            Assert.Equal(one, WeightsDigest.Compute([Values]));
        }
        finally
        {
            TorchRuntime.Initialize(threads: 1);
        }
    }
}
