using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.Grains;

namespace MiniMind.Coordinator.Tests.Cluster;

public class LeadershipTests
{
    private readonly StoredRecord _stored = new();
    private readonly HashSet<string> _alive = ["a", "b"];
    private readonly Leadership _leadership;

    public LeadershipTests() => _leadership = new Leadership(_stored, _alive.Contains);

    [Fact]
    public async Task Who_comes_first_leads_until_it_is_dead()
    {
        Assert.Equal(Standing.Leads, await StandAsync("a"));
        Assert.Equal(Standing.Follows, await StandAsync("b"));
        Assert.Equal(Standing.Leads, await StandAsync("a"));
        Assert.Equal(1, _stored.Writes);
        _alive.Remove("a");

        Assert.Equal(Standing.Leads, await StandAsync("b", followed: true));
        _alive.Add("a");
        Assert.Equal(Standing.Follows, await StandAsync("a"));
    }

    [Fact]
    public async Task An_end_is_that_of_all_who_followed_and_a_new_process_begins_anew()
    {
        await StandAsync("a");
        await _leadership.ResignAsync("a", "the run is complete");

        Assert.Equal(Standing.Over, await StandAsync("b", followed: true));
        Assert.Equal("the run is complete", _stored.State.Ending);
        Assert.Equal(Standing.Leads, await StandAsync("c"));
        Assert.Null(_stored.State.Ending);
    }

    [Fact]
    public async Task Who_leads_may_leave_the_run_to_another_one()
    {
        await StandAsync("a");
        await StandAsync("b");
        await _leadership.ResignAsync("a", ending: null);

        Assert.Equal(Standing.Leads, await StandAsync("b", followed: true));
    }

    [Fact]
    public async Task Only_who_leads_can_end_the_run()
    {
        await StandAsync("a");
        await _leadership.ResignAsync("b", "enough");
        Assert.Equal(("a", null), (_stored.State.Leader, _stored.State.Ending));
    }

    [Fact]
    public async Task Workers_are_told_the_addresses_of_those_who_live()
    {
        await StandAsync("a");
        await StandAsync("b");
        Assert.Equal(["http://a", "http://b"], _leadership.Addresses);
        _alive.Remove("a");
        Assert.Equal(["http://b"], _leadership.Addresses);
    }

    private Task<Standing> StandAsync(string silo, bool followed = false) => _leadership.StandAsync(silo, $"http://{silo}", followed);

    /// <summary>A record in memory. Leadership only writes it: a call of anything else fails the test.</summary>
    private sealed class StoredRecord : IPersistentState<RunRecord>
    {
        public int Writes { get; private set; }

        public RunRecord State { get; set; } = new();

        public string Etag => "";

        public bool RecordExists => true;

        public Task ClearStateAsync() => throw new NotSupportedException();

        public Task ReadStateAsync() => throw new NotSupportedException();

        public Task WriteStateAsync()
        {
            Writes++;
            return Task.CompletedTask;
        }
    }
}
