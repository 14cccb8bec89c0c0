using MiniMind.Collectives.Grpc;
using MiniMind.Collectives.Tests.Membership;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Grpc;

/// <summary>The members of a generation over real sockets.</summary>
public sealed class MembershipOverGrpcTests
{
    private static GrpcTransport Create(string worker) => new(new GrpcTransportOptions { RunId = "test" }, TimeProvider.System);

    [Fact]
    public async Task A_joiner_copies_the_state_and_all_end_with_the_expected_bits()
    {
        await using var crew = new Crew(totalSteps: 40, transports: Create);
        foreach (var name in Plans.Workers(2)) await crew.AddAsync(name);
        crew.Announce(1, Plans.Workers(2));
        await crew["w0"].Reports.AppliedAsync(3);
        await crew.AddAsync("w2");
        crew.Announce(2, Plans.Workers(3), atBoundary: true);
        foreach (var name in Plans.Workers(3)) await crew[name].Reports.AppliedAsync(40);
        Assert.All(crew.Hands.Values, hand => Assert.Equal(TestReplica.Expected(40, Crew.Lanes), hand.Replica.Weights));
        Assert.Equal((0, 1), (crew["w2"].Replica.Restored, crew["w2"].Replica.Adopted));
    }

    [Fact]
    public async Task A_connection_cut_in_the_middle_of_a_step_is_survived_by_the_next_generation()
    {
        await using var crew = new Crew(totalSteps: 12, transports: Create);
        TcpRelay? wire = null;
        await crew.AddAsync("w0");
        await crew.AddAsync("w1", endpoint => (wire = new TcpRelay(endpoint)).Endpoint);
        crew["w1"].Replica.BeforeLane = (step, _, _) =>
        {
            if (step == 5) wire!.Cut();
            return Task.CompletedTask;
        };
        crew.Announce(1, Plans.Workers(2));
        await crew["w0"].Reports.NextAsync(report => report.Trouble is not null);
        crew["w1"].Replica.BeforeLane = (_, _, _) => Task.CompletedTask;
        await using var second = new TcpRelay(wire!.Target);
        crew.Reroute("w1", second.Endpoint);
        crew.Announce(2, Plans.Workers(2));
        foreach (var name in Plans.Workers(2))
        {
            await crew[name].Reports.AppliedAsync(12);
            Assert.Equal(TestReplica.Expected(12, Crew.Lanes), crew[name].Replica.Weights);
        }
        await wire.DisposeAsync();
    }
}
