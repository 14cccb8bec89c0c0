using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace MiniMind.Benchmarks;

/// <summary>
/// How everything here is measured: in this process (libtorch is 600 MB; a project per benchmark would copy it each time), in processor
/// time, and with ratios of minima to a baseline of the same run. Times of two runs, let alone of two machines, are not compared.
/// </summary>
internal sealed class MeasuringConfig : ManualConfig
{
    public MeasuringConfig()
    {
        AddJob(Job.Default
            .WithToolchain(new InProcessEmitToolchain(TimeSpan.FromHours(1), logOutput: true))
            .WithIterationTime(TimeInterval.FromMilliseconds(100))
            .WithWarmupCount(1)
            .WithIterationCount(9)
            .WithMinInvokeCount(1)
            .WithUnrollFactor(1)
            .WithClock(new ProcessorTimeClock()));
        AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params);
        AddColumn(StatisticColumn.Median, StatisticColumn.Min, new LeastRatioColumn());
        AddLogger(ConsoleLogger.Default);
        AddExporter(MarkdownExporter.GitHub);
        WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(60));
        WithOptions(ConfigOptions.DisableLogFile);
    }
}
