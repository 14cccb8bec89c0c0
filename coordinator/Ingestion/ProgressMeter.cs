namespace MiniMind.Coordinator.Ingestion;

/// <summary>Adds up what was read, and tells it about a hundred times per phase.</summary>
internal sealed class ProgressMeter(IProgress<IngestionProgress>? progress, long bytesTotal)
{
    private long _bytesTotal = bytesTotal;
    private IngestionPhase _phase = IngestionPhase.Hashing;
    private long _bytes;
    private long _documents;
    private long _toldAt;

    public void Begin(IngestionPhase phase, long bytesTotal)
    {
        _bytesTotal = bytesTotal;
        (_phase, _bytes, _documents, _toldAt) = (phase, 0, 0, 0);
        Tell();
    }

    public void Add(long bytes, long documents)
    {
        _bytes += bytes;
        _documents += documents;
        if (_bytes - _toldAt >= _bytesTotal / 100 || _bytes == _bytesTotal) Tell();
    }

    private void Tell()
    {
        _toldAt = _bytes;
        progress?.Report(new IngestionProgress(_phase, _bytes, _bytesTotal, _documents));
    }
}
