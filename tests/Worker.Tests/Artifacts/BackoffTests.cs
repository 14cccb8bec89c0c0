using MiniMind.Worker.Artifacts;

namespace MiniMind.Worker.Tests.Artifacts;

public sealed class BackoffTests
{
    private static readonly RetryOptions Options = new()
    {
        FirstPause = TimeSpan.FromSeconds(1),
        LongestPause = TimeSpan.FromSeconds(5),
        Tries = 6,
    };

    [Fact]
    public void Pauses_double_up_to_the_longest_and_end_after_the_last_try()
    {
        var backoff = new Backoff(Options);

        var seconds = Enumerable.Range(0, 6).Select(_ => backoff.NextPause()?.TotalSeconds).ToList();

        Assert.Equal([1, 2, 4, 5, 5, null], seconds);
    }

    [Fact]
    public void Progress_starts_the_count_again()
    {
        var backoff = new Backoff(Options);
        for (var i = 0; i < 5; i++) backoff.NextPause();

        backoff.Reset();

        Assert.Equal(TimeSpan.FromSeconds(1), backoff.NextPause());
    }

    [Fact]
    public void Wrong_options_are_all_reported() =>
        Assert.Equal(3, new RetryOptions { FirstPause = TimeSpan.Zero, LongestPause = TimeSpan.FromTicks(-1), Tries = 0 }.Faults().Count);
}
