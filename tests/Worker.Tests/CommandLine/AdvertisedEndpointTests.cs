using MiniMind.Text;
using MiniMind.Worker.CommandLine;

namespace MiniMind.Worker.Tests.CommandLine;

public class AdvertisedEndpointTests
{
    [Theory]
    [InlineData(null, null, 0)]
    [InlineData("node-1", "node-1", 0)]
    [InlineData("node-1:4000", "node-1", 4000)]
    [InlineData("10.0.0.7:65535", "10.0.0.7", 65535)]
    [InlineData("::1", "::1", 0)]
    [InlineData("[::1]", "::1", 0)]
    [InlineData("[fe80::7]:80", "fe80::7", 80)]
    public void Host_and_port_are_told_apart(string? text, string? host, int port) => Assert.Equal((host, port), AdvertisedEndpoint.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(":4000")]
    [InlineData("node-1:")]
    [InlineData("node-1:0")]
    [InlineData("node-1:65536")]
    [InlineData("node-1:+80")]
    [InlineData("http://node-1:80")]
    public void What_is_neither_is_refused_with_what_was_expected(string text)
    {
        var fault = Assert.Throws<InputException>(() => AdvertisedEndpoint.Parse(text));
        Assert.Contains("expected HOST or HOST:PORT", fault.Message, StringComparison.Ordinal);
        Assert.Contains($"'{text}'", fault.Message, StringComparison.Ordinal);
    }
}
