using System.Diagnostics;
using System.Diagnostics.Metrics;
using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Observability;

/// <summary>OpenTelemetry instruments and spans of the training step.</summary>
public static class WorkerInstruments
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "MiniMind.Worker";

    private static readonly Meter Meter = new(Name);
    private static readonly ActivitySource Source = new(Name);
    private static readonly Histogram<double> StepDuration = Meter.CreateHistogram<double>("minimind.step.duration", "s", "Duration of a committed step");
    private static readonly Histogram<double> PhaseDuration = Meter.CreateHistogram<double>("minimind.step.phase.duration", "s", "Duration of a phase of a step");
    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>("minimind.tokens", "{token}", "Tokens in committed steps");
    private static readonly Counter<long> Steps = Meter.CreateCounter<long>("minimind.steps", "{step}", "Committed steps");

    private static readonly Counter<long> ReductionBytes = Meter.CreateCounter<long>("minimind.reduction.bytes", "By", "Bytes sent to peers in reductions");
    private static readonly Counter<long> Generations = Meter.CreateCounter<long>("minimind.generations", "{generation}", "Generations entered");
    private static readonly Counter<long> Recoveries = Meter.CreateCounter<long>("minimind.recoveries", "{recovery}", "States taken over from a peer or a checkpoint");

    /// <summary>The instruments with the attributes of one rank in one generation.</summary>
    public sealed class Scope(string runId, string stage, int rank, long generation)
    {
        private readonly TagList _tags = new()
        {
            { "run_id", runId }, { "stage", stage }, { "rank", rank }, { "generation", generation },
        };

        /// <summary>Opens the span of a step.</summary>
        public Activity? StartStep(long step) => Start("step", step);

        /// <summary>Opens the span of a validation.</summary>
        public Activity? StartValidation(long step) => Start("validate", step);

        /// <summary>Runs a phase in a span of its own and records how long it took, also when it fails.</summary>
        public async Task<T> MeasureAsync<T>(string phase, TimeProvider time, Func<Task<T>> work)
        {
            var start = time.GetTimestamp();
            using var span = Tagged(Source.StartActivity(phase));
            try
            {
                return await work();
            }
            finally
            {
                var tags = _tags;
                tags.Add("phase", phase);
                PhaseDuration.Record(time.GetElapsedTime(start).TotalSeconds, tags);
            }
        }

        /// <summary>Records a committed step.</summary>
        public void Committed(TimeSpan duration, Sums sums, long bytesSent)
        {
            StepDuration.Record(duration.TotalSeconds, _tags);
            Steps.Add(1, _tags);
            Tokens.Add(sums.Tokens, _tags);
            ReductionBytes.Add(bytesSent, _tags);
        }

        /// <summary>Records that the generation was entered.</summary>
        /// <param name="recovered">The state came from a peer or a checkpoint.</param>
        public void Entered(bool recovered)
        {
            Generations.Add(1, _tags);
            if (recovered) Recoveries.Add(1, _tags);
        }

        private Activity? Start(string name, long step) => Tagged(Source.StartActivity(name))?.SetTag("step", step);

        private Activity? Tagged(Activity? span)
        {
            if (span is null) return null;
            foreach (var tag in _tags) span.SetTag(tag.Key, tag.Value);
            return span;
        }
    }
}
