using Microsoft.Extensions.Time.Testing;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class DoorTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly Door _door;

    public DoorTests() => _door = new Door(Limit, _time);

    private static Group Of(long generation) =>
        new(Plans.Of(generation, 0, Plans.Workers(2), 8), new InMemoryNetwork().CreateTransport("w0"), new float[8], Plans.Options, TimeProvider.System);

    private Task<IFrameSink?> Knock(long generation, CancellationToken cancellation = default) =>
        _door.AdmitAsync(new LinkIdentity(generation, 1, 0), cancellation).AsTask();

    [Fact]
    public async Task A_link_of_the_open_generation_is_admitted()
    {
        await using var group = Of(5);
        _door.Open(group);
        Assert.NotNull(await Knock(5));
    }

    [Fact]
    public async Task A_link_of_an_older_generation_is_refused_at_once()
    {
        await using var group = Of(5);
        _door.Open(group);
        Assert.Null(await Knock(4));
    }

    [Fact]
    public async Task A_link_of_a_newer_generation_is_held_until_this_process_enters_it()
    {
        await using var older = Of(5);
        await using var newer = Of(6);
        _door.Open(older);
        var knocking = Knock(6);
        Assert.False(knocking.IsCompleted);
        _door.Open(newer);
        Assert.NotNull(await knocking.WaitAsync(Transport.Patience.Limit));
    }

    [Fact]
    public async Task A_link_that_was_held_is_refused_when_its_generation_is_passed_over()
    {
        await using var newest = Of(7);
        var knocking = Knock(6);
        _door.Open(newest);
        Assert.Null(await knocking.WaitAsync(Transport.Patience.Limit));
    }

    [Fact]
    public async Task A_link_is_held_for_a_bounded_time_only()
    {
        var knocking = Knock(6);
        _time.Advance(Limit);
        Assert.Null(await knocking.WaitAsync(Transport.Patience.Limit));
    }

    /// <summary>Refusing would make its sender report a healthy worker as unreachable.</summary>
    [Fact]
    public async Task A_link_of_a_generation_that_was_left_is_held_until_a_newer_one_begins()
    {
        var left = Of(5);
        _door.Open(left);
        await left.DisposeAsync();
        var knocking = Knock(5);
        Assert.False(knocking.IsCompleted);
        await using var newer = Of(6);
        _door.Open(newer);
        Assert.Null(await knocking.WaitAsync(Transport.Patience.Limit));
    }

    [Fact]
    public async Task A_caller_that_gives_up_is_told_so()
    {
        using var gone = new CancellationTokenSource();
        var knocking = Knock(6, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => knocking).WaitAsync(Transport.Patience.Limit);
    }
}
