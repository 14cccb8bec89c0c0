using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Mathematics;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace MiniMind.Benchmarks;

/// <summary>Minimum over the baseline's minimum: what disturbs a measurement only ever adds to it.</summary>
internal sealed class LeastRatioColumn : BaselineCustomColumn
{
    public override string Id => nameof(LeastRatioColumn);

    public override string ColumnName => "Ratio";

    public override string Legend => "Minimum, divided by the minimum of the baseline";

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
        bool isBaseline) => (current.Min / baseline.Min).ToString("0.00", CultureInfo.InvariantCulture);
}
