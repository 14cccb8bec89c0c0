using Spectre.Console;

namespace MiniMind.Coordinator.Tokenizers;

/// <summary>Two bars, in a terminal: reading, then merging. Elsewhere nothing is shown; it takes seconds.</summary>
internal static class TrainingProgress
{
    /// <param name="console">Where it is shown.</param>
    /// <param name="bytes">Bytes that will be read.</param>
    /// <param name="tokens">Tokens that there will be.</param>
    /// <param name="train">Is given what to tell of bytes read, and of tokens there are.</param>
    public static void Show(IAnsiConsole console, long bytes, int tokens, Action<Action<long>, IProgress<int>> train)
    {
        if (Console.IsOutputRedirected || !console.Profile.Capabilities.Interactive)
        {
            train(_ => { }, new Heard(_ => { }));
            return;
        }

        console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var reading = context.AddTask("reading", maxValue: Math.Max(1, bytes));
                var merging = context.AddTask("merging", maxValue: tokens);
                train(read => reading.Increment(read), new Heard(there => merging.Value = there));
                merging.Value = tokens;
            });
    }

    /// <summary>Tells on the thread that reports.</summary>
    private sealed class Heard(Action<int> told) : IProgress<int>
    {
        public void Report(int value) => told(value);
    }
}
