using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Cluster;

public sealed class SeatTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private RunFolder Folder => new(Path.Combine(_temporary.Path, "run"));

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Every_living_process_has_its_own_seat_and_the_next_one_gets_that_of_a_dead_one()
    {
        using var first = Seat.Take(Folder);
        string second;
        using (var other = Seat.Take(Folder)) second = other.Name;
        using var next = Seat.Take(Folder);
        Assert.NotEqual(first.Name, second);
        Assert.Equal(second, next.Name);
    }

    [Fact]
    public void Who_works_alone_and_who_shares_keep_each_other_out_of_a_folder()
    {
        using (RunLock.Take(Folder.Lock))
            Assert.Contains("without --redis", Assert.Throws<InputException>(() => Seat.Take(Folder)).Message, StringComparison.Ordinal);
        using (Seat.Take(Folder))
            Assert.Contains("another minimind", Assert.Throws<InputException>(() => RunLock.Take(Folder.Lock)).Message, StringComparison.Ordinal);
        using var free = RunLock.Take(Folder.Lock);
        Assert.True(free.CanRead);
    }

    [Fact]
    public void All_who_come_to_a_folder_know_its_cluster_by_one_name_and_another_folder_by_another()
    {
        using var seat = Seat.Take(Folder);
        var names = new string[16];
        Parallel.For(0, names.Length, i => names[i] = Seat.ClusterOf(Folder));
        Assert.Single(names.Distinct());
        var other = new RunFolder(Path.Combine(_temporary.Path, "other"));
        using var elsewhere = Seat.Take(other);
        Assert.NotEqual(names[0], Seat.ClusterOf(other));
    }
}
