using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Screen;

namespace MiniMind.Coordinator.Tests.Pipeline;

public sealed class DataProgressMeterTests
{
    [Fact]
    public async Task Pace_and_time_left_are_those_of_the_phase()
    {
        var time = new ManualTime();
        var output = new StringWriter { NewLine = "\n" };
        await using var screen = new PlainScreen(output, time, 1);
        var meter = new DataProgressMeter("pretrain", screen, time);

        Report(IngestionPhase.Hashing, 0);
        time.Advance(TimeSpan.FromSeconds(20));
        Report(IngestionPhase.Hashing, 200_000_000);
        Report(IngestionPhase.Encoding, 0);
        time.Advance(TimeSpan.FromSeconds(20));
        Report(IngestionPhase.Encoding, 50_000_000);

        Assert.Equal(
            """
            [0:20] pretrain: hashing, 100.0 %, 10.0 MB/s, left 0:00
            [0:40] pretrain: encoding, 25.0 %, 2.50 MB/s, left 1:00

            """, output.ToString());

        void Report(IngestionPhase phase, long bytes) => meter.Report(new IngestionProgress(phase, bytes, 200_000_000, 0));
    }
}
