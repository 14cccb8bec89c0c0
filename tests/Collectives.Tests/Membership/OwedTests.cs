using Microsoft.Extensions.Time.Testing;
using MiniMind.Collectives.Membership;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class OwedTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Nothing_owed_is_complete_from_the_beginning() =>
        await new Owed("reduce", 1, [0, 0]).WaitAsync(Deadline, _time, default);

    [Fact]
    public async Task The_last_piece_completes_the_wait_and_one_more_is_refused()
    {
        var owed = new Owed("reduce", 1, [0, 1, 2]);
        var waiting = owed.WaitAsync(Deadline, _time, default);
        Assert.True(owed.Receive(1));
        Assert.False(owed.Receive(1));
        Assert.True(owed.Receive(2));
        Assert.False(waiting.IsCompleted);
        Assert.True(owed.Receive(2));
        await waiting.WaitAsync(Transport.Patience.Limit);
        Assert.False(owed.Receive(2));
    }

    [Fact]
    public async Task Pieces_that_become_known_later_are_waited_for_too()
    {
        var owed = new Owed("copy", 0, [0, 1]);
        var waiting = owed.WaitAsync(Deadline, _time, default);
        owed.Add(1, 2);
        Assert.True(owed.Receive(1));
        Assert.True(owed.Receive(1));
        Assert.False(waiting.IsCompleted);
        Assert.True(owed.Receive(1));
        await waiting.WaitAsync(Transport.Patience.Limit);
    }

    [Fact]
    public async Task Losing_a_rank_that_owes_something_fails_the_wait()
    {
        var owed = new Owed("reduce", 7, [0, 1, 1]);
        var waiting = owed.WaitAsync(Deadline, _time, default);
        owed.Lose(1, "reset");
        var fault = await Assert.ThrowsAsync<PeerException>(() => waiting).WaitAsync(Transport.Patience.Limit);
        Assert.Contains("reduce of step 7: the link from rank 1 ended (reset)", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Losing_a_rank_that_owes_nothing_any_more_changes_nothing()
    {
        var owed = new Owed("reduce", 1, [0, 1, 1]);
        owed.Receive(1);
        owed.Lose(1, "it left the generation");
        owed.Receive(2);
        await owed.WaitAsync(Deadline, _time, default);
    }

    [Fact]
    public async Task Silence_names_those_who_owe_and_every_arrival_grants_time_anew()
    {
        var owed = new Owed("reduce", 3, [0, 2, 2]);
        var waiting = owed.WaitAsync(Deadline, _time, default);
        for (var rank = 1; rank <= 2; rank++)
        {
            _time.Advance(Deadline / 2);
            owed.Receive(rank);
            _time.Advance(Deadline / 2);
        }
        owed.Receive(1);
        _time.Advance(Deadline);
        Assert.False(waiting.IsCompleted);
        _time.Advance(Deadline);
        var fault = await Assert.ThrowsAsync<PeerException>(() => waiting).WaitAsync(Transport.Patience.Limit);
        Assert.Equal((Trouble.Types.Kind.Silent, 2), (fault.Kind, Assert.Single(fault.Ranks)));
        Assert.Contains("nothing from rank 2 for 10 s", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_as_cancelled()
    {
        using var over = new CancellationTokenSource();
        var waiting = new Owed("reduce", 1, [1]).WaitAsync(Deadline, _time, over.Token);
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting).WaitAsync(Transport.Patience.Limit);
    }

    /// <summary>Readers of all links count at the same time: every piece is counted once.</summary>
    [Fact]
    public async Task Pieces_that_arrive_on_many_threads_are_all_counted()
    {
        const int pieces = 20_000;
        var owed = new Owed("reduce", 1, [pieces, pieces, pieces]);
        var accepted = await Task.WhenAll(Enumerable.Range(0, 3).Select(rank => Task.Run(
            () => Enumerable.Range(0, pieces + 5).Count(_ => owed.Receive(rank)))));
        Assert.Equal([pieces, pieces, pieces], accepted);
        await owed.WaitAsync(Deadline, _time, default).WaitAsync(Transport.Patience.Limit);
    }

    /// <summary>A rank whose finished chunks are missing waits, perhaps, for somebody's contribution itself.</summary>
    [Fact]
    public async Task Who_owes_only_what_depends_on_others_is_not_blamed_before_them()
    {
        var time = new FakeTimeProvider();
        var owed = new Owed("reduction", 1, [0, 1, 1], [0, 1, 1]);
        Assert.True(owed.Receive(1));
        Assert.Equal([2], await BlamedAsync(owed, time));
        var later = new Owed("reduction", 2, [0, 1, 0], [0, 1, 1]);
        Assert.True(later.Receive(1));
        Assert.Equal([1, 2], await BlamedAsync(later, time));
    }

    private static async Task<IReadOnlyList<int>> BlamedAsync(Owed owed, FakeTimeProvider time)
    {
        var waiting = owed.WaitAsync(TimeSpan.FromSeconds(5), time, default);
        time.Advance(TimeSpan.FromSeconds(5));
        return (await Assert.ThrowsAsync<PeerException>(() => waiting)).Ranks;
    }
}
