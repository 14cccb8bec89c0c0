using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Screen;

namespace MiniMind.Coordinator.Tests.Pipeline;

public sealed class StopNoticeTests
{
    [Fact]
    public async Task A_stop_tells_what_stays_of_what_is_being_done()
    {
        Assert.Equal("[0:00] stopping; what is encoded stays, and the same command goes on from there; a second time ends at once\n", await StopAsync(_ => { }));
        Assert.Equal(
            "[0:00] stopping; what is being trained writes a checkpoint after the step in flight; a second time ends at once\n",
            await StopAsync(notice =>
            {
                notice.Doing(StopNotice.AskingBefore);
                notice.Doing(StopNotice.Training);
            }));
    }

    private static async Task<string> StopAsync(Action<StopNotice> before)
    {
        var told = new StringWriter { NewLine = "\n" };
        await using var screen = new PlainScreen(told, new ManualTime(), 1);
        var notice = new StopNotice(screen);
        using var stop = new CancellationTokenSource();
        await using var watched = notice.Watch(stop.Token);
        before(notice);
        await stop.CancelAsync();
        return told.ToString();
    }
}
