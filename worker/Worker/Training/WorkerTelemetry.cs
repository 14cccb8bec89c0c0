using MiniMind.Collectives.Observability;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace MiniMind.Worker.Training;

/// <summary>Exports the worker's instruments and spans over OTLP, when the standard variable OTEL_EXPORTER_OTLP_ENDPOINT names a collector.</summary>
internal sealed class WorkerTelemetry : IDisposable
{
    private readonly MeterProvider? _metrics;
    private readonly TracerProvider? _traces;

    public WorkerTelemetry()
    {
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is null) return;
        _metrics = Sdk.CreateMeterProviderBuilder().AddMeter(WorkerInstruments.Name).AddRuntimeInstrumentation().AddOtlpExporter().Build();
        _traces = Sdk.CreateTracerProviderBuilder().AddSource(WorkerInstruments.Name).AddOtlpExporter().Build();
    }

    public void Dispose()
    {
        _metrics?.Dispose();
        _traces?.Dispose();
    }
}
