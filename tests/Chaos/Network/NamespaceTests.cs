namespace MiniMind.Chaos.Network;

public class NamespaceTests
{
    private const int Gone = 17;

    [Theory]
    [InlineData("100mbit", 100_000_000)]
    [InlineData("1gbit", 1_000_000_000)]
    [InlineData("64kbit", 64_000)]
    [InlineData("800bit", 800)]
    public void A_rate_is_read_as_tc_reads_it(string text, long bitsPerSecond) => Assert.Equal(bitsPerSecond, LinkRate.Parse(text)?.BitsPerSecond);

    [Theory]
    [InlineData("100")]
    [InlineData("fast")]
    [InlineData("0mbit")]
    [InlineData("100 mbit")]
    public void What_is_no_rate_is_none(string text) => Assert.Null(LinkRate.Parse(text));

    [Theory]
    [InlineData(100_000_000, "100mbit")]
    [InlineData(1_024_000, "1024kbit")]
    [InlineData(8, "8bit")]
    public void A_rate_is_written_as_it_is_read(long bitsPerSecond, string text)
    {
        Assert.Equal(text, new LinkRate(bitsPerSecond).ToString());
        Assert.Equal(bitsPerSecond, LinkRate.Parse(text)?.BitsPerSecond);
    }

    [Fact]
    public void A_burst_lasts_a_hundredth_of_a_second_but_holds_the_largest_packet()
    {
        Assert.Equal(125_000, new LinkRate(100_000_000).Burst);
        Assert.Equal(65_536, LinkRate.OfBytes(1000).Burst);
    }

    [Fact]
    public void Namespaces_of_processes_that_are_gone_are_abandoned_and_those_of_others_are_not()
    {
        Assert.True(Namespaces.IsAbandoned($"minimind-chaos-{Gone}-worker-0", id => id != Gone));
        Assert.False(Namespaces.IsAbandoned(Namespaces.NameOf("hub"), id => id != Gone));
        Assert.False(Namespaces.IsAbandoned("somebody-else", _ => false));
        Assert.False(Namespaces.IsAbandoned("minimind-chaos-x-worker-0", _ => false));
    }
}
