using MiniMind.Collectives.Membership;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class GenerationInboxTests
{
    private readonly GenerationInbox _inbox = new();

    private static GenerationPlan Plan(long number, bool atBoundary = false, int stage = 0) =>
        Plans.Of(number, 0, ["w0"], 8, atBoundary, stage: stage);

    [Fact]
    public async Task Older_and_equal_announcements_are_ignored()
    {
        _inbox.Announce(Plan(4));
        var fourth = _inbox.Newest;
        _inbox.Announce(Plan(3));
        _inbox.Announce(Plan(4, atBoundary: true));
        Assert.Same(fourth, _inbox.Newest);
        Assert.Same(fourth, await _inbox.NextAsync(3, _ => true, default));
    }

    [Fact]
    public async Task Next_waits_for_one_that_is_newer_and_wanted()
    {
        _inbox.Announce(Plan(4));
        var next = _inbox.NextAsync(4, plan => plan.StageIndex == 1, default);
        _inbox.Announce(Plan(5));
        Assert.False(next.IsCompleted);
        _inbox.Announce(Plan(6, stage: 1));
        Assert.Equal(6, (await next.WaitAsync(Transport.Patience.Limit)).Number);
    }

    [Fact]
    public async Task A_generation_is_over_when_one_that_starts_at_once_was_announced_even_if_it_was_replaced_since()
    {
        _inbox.Announce(Plan(4));
        var over = _inbox.OverAsync(4, default);
        _inbox.Announce(Plan(5, atBoundary: true));
        Assert.False(over.IsCompleted);
        _inbox.Announce(Plan(6));
        _inbox.Announce(Plan(7, atBoundary: true));
        await over.WaitAsync(Transport.Patience.Limit);
        await _inbox.OverAsync(5, default);
        Assert.False(_inbox.OverAsync(6, default).IsCompleted);
    }

    [Fact]
    public async Task A_cancelled_wait_ends()
    {
        using var gone = new CancellationTokenSource();
        var next = _inbox.NextAsync(0, _ => true, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next).WaitAsync(Transport.Patience.Limit);
    }
}
