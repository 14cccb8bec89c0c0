using System.Net;
using System.Net.Sockets;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Services;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Services;

public sealed class CoordinatorEndpointTests
{
    [Theory]
    [InlineData(null, "127.0.0.1", 0)]
    [InlineData("10.0.0.3", "10.0.0.3", 0)]
    [InlineData("10.0.0.3:7000", "10.0.0.3", 7000)]
    [InlineData("[fd00::1]:7000", "fd00::1", 7000)]
    public void An_address_may_have_a_port(string? listen, string address, int port) =>
        Assert.Equal(new CoordinatorEndpoint(IPAddress.Parse(address), port, "host:80"), CoordinatorEndpoint.Parse(listen, "host:80"));

    [Theory]
    [InlineData("here", null, "--listen")]
    [InlineData("0.0.0.0:7000", null, "--listen")]
    [InlineData("10.0.0.3:70000", null, "--listen")]
    [InlineData(null, "host", "--advertise")]
    [InlineData(null, "http://host:7000", "--advertise")]
    [InlineData(null, "host:0", "--advertise")]
    public void What_is_no_place_is_refused_by_the_name_of_its_option(string? listen, string? advertise, string option)
    {
        var refused = Assert.Throws<InputException>(() => CoordinatorEndpoint.Parse(listen, advertise));

        Assert.StartsWith($"{option}: expected", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"'{listen ?? advertise}'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_somebody_has_is_refused_but_one_that_was_only_former_is_given_up()
    {
        using var somebody = new TcpListener(IPAddress.Loopback, 0);
        somebody.Start();
        var taken = ((IPEndPoint)somebody.LocalEndpoint).Port;

        Assert.Contains($"--listen 127.0.0.1:{taken}", Assert.Throws<InputException>(() => new CoordinatorEndpoint(IPAddress.Loopback, taken).FindPort(0)).Message, StringComparison.Ordinal);
        Assert.NotEqual(taken, CoordinatorEndpoint.Loopback.FindPort(taken));
    }

    [Fact]
    public void An_address_of_another_machine_is_refused() =>
        // Kept for documentation: no machine has it.
        Assert.Contains("--listen 192.0.2.1:0", Assert.Throws<InputException>(() => new CoordinatorEndpoint(IPAddress.Parse("192.0.2.1")).FindPort(0)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Workers_are_told_what_is_advertised_and_the_next_process_listens_where_this_one_did()
    {
        using var temporary = new TemporaryFolder();
        var folder = new RunFolder(temporary.Path);
        var endpoint = CoordinatorEndpoint.Parse("127.0.0.1", "forwarded:7000");
        await using (var host = await CoordinatorHost.StartAsync(folder, endpoint, verbose: false, TimeProvider.System))
            Assert.Equal("http://forwarded:7000", host.Address);
        var listened = File.ReadAllText(folder.Address);
        Assert.StartsWith("http://127.0.0.1:", listened, StringComparison.Ordinal);

        await using var next = await CoordinatorHost.StartAsync(folder, CoordinatorEndpoint.Loopback, verbose: false, TimeProvider.System);

        Assert.Equal(listened, next.Address);
    }
}
