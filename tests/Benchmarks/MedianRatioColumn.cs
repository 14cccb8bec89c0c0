using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Mathematics;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace MiniMind.Benchmarks;

/// <summary>Median over the baseline's median: on a machine that does other things too, means follow its worst moments.</summary>
internal sealed class MedianRatioColumn : BaselineCustomColumn
{
    public override string Id => nameof(MedianRatioColumn);

    public override string ColumnName => "Ratio";

    public override string Legend => "Median, divided by the median of the baseline";

    public override int PriorityInCategory => 0;

    public override bool IsNumeric => true;

    public override UnitType UnitType => UnitType.Dimensionless;

    public override string GetValue(
        Summary summary,
        BenchmarkCase benchmarkCase,
        Statistics baseline,
        IReadOnlyDictionary<string, Metric> baselineMetrics,
        Statistics current,
        IReadOnlyDictionary<string, Metric> currentMetrics,
        bool isBaseline) => (current.Median / baseline.Median).ToString("0.00", CultureInfo.InvariantCulture);
}
