using MiniMind.Text;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// Fills one folder of the cache, chunk after chunk: a chunk's shards, then the journal, so that another process can go on behind the last whole chunk, to the
/// same bytes.
/// </summary>
internal sealed class FolderFilling : IDisposable
{
    private readonly DatasetRequest _request;
    private readonly IReadOnlyList<SourcePass> _passes;
    private readonly SourceStamps _stamps;
    private readonly LinePipeline<EncodedLine> _pipeline;
    private readonly string _folder;
    private readonly ProgressMeter _meter;
    private readonly IngestionJournal? _begun;
    private readonly ShardSetWriter _training;
    private readonly ShardSetWriter _validation;
    private readonly BadLineLog _bad;
    private readonly double _held;
    private LineReport _lines;

    public FolderFilling(
        DatasetRequest request, IDocumentEncoder encoder, PackingOptions packing, IReadOnlyList<SourcePass> passes, SourceStamps stamps, string folder,
        ProgressMeter meter)
    {
        (_request, _passes, _stamps, _folder, _meter) = (request, passes, stamps, folder, meter);
        _pipeline = new LinePipeline<EncodedLine>([.. passes.Select(pass => pass.Path)], line => EncodedLine.From(line, encoder), request.Threads);
        _begun = IngestionJournal.Open(folder);
        _training = new ShardSetWriter(folder, "train", packing, request.Tokenizer.VocabularySize, _begun?.Training);
        _validation = new ShardSetWriter(folder, "valid", packing, request.Tokenizer.VocabularySize, _begun?.Validation);
        _lines = _begun?.Lines ?? new LineReport(0, 0, 0, new BadLineReport(0, []));
        _bad = new BadLineLog(request.Files, _lines.Bad);
        _held = request.ValidationFiles.Count > 0 ? 0 : request.ValidationFraction;
    }

    private bool IsRefused => _bad.Count > 0 && _request.BadLines == BadLines.Fail;

    /// <exception cref="InputException">A file changed, lines are bad and may not be skipped, or nothing is left to train on.</exception>
    public async Task<(ShardManifest Training, ShardManifest? Validation, LineReport Lines)> RunAsync(CancellationToken ct)
    {
        await EncodeAsync(ct);
        _stamps.RequireUnchanged();
        if (IsRefused) throw _bad.ToException(_request.Kind);
        var training = _training.ToManifest();
        var validation = _validation.ToManifest();
        if (training.Sequences == 0) throw NothingToTrainOn(training.Totals.Dropped);
        return (training, validation.Sequences > 0 ? validation : null, _lines);
    }

    public void Dispose()
    {
        _training.Dispose();
        _validation.Dispose();
    }

    private async Task EncodeAsync(CancellationToken ct)
    {
        var (pass, at) = (_begun?.Pass ?? 0, _begun?.Place ?? LinePlace.Start);
        _meter.Add(_passes.Take(pass).Sum(earlier => new FileInfo(earlier.Path).Length), _lines.Read);
        long chunk = 0;
        await foreach (var batch in _pipeline.RunAsync(pass, at, ct))
        {
            if (batch.File != pass) (pass, at) = (batch.File, LinePlace.Start);
            foreach (var line in batch.Lines)
            {
                Take(line, _passes[pass]);
                chunk += line.Line.End - at.Offset;
                at = new LinePlace(line.Line.Number + 1, line.Line.End);
                if (chunk < _request.ChunkBytes) continue;
                await CompleteChunkAsync(pass, at);
                chunk = 0;
            }

            _meter.Add(batch.Bytes, batch.Lines.Count);
        }

        _training.CompleteChunk();
        _validation.CompleteChunk();
        _lines = _lines with { Bad = _bad.Report };
    }

    private void Take(EncodedLine line, SourcePass pass)
    {
        if (!pass.Repeats) _lines = _lines with { Read = _lines.Read + 1 };
        bool held = pass.Validates || line.Holding < _held;
        if (line.Document is null)
        {
            if (!pass.Repeats) _bad.Add(pass.File, line.Line.Number, line.Fault!);
        }
        else if (pass.Repeats && (held || line.Taking >= pass.Fraction))
        {
            // Validated once, or not of the part that is taken again.
        }
        else if (!held && line.Taking >= pass.Fraction)
        {
            _lines = _lines with { LeftOut = _lines.LeftOut + 1 };
        }
        else
        {
            if (pass.Repeats) _lines = _lines with { Repeated = _lines.Repeated + 1 };
            // After a line that spoils everything there is only counting on.
            if (!IsRefused) (held ? _validation : _training).Add(line.Document);
        }
    }

    private async Task CompleteChunkAsync(int pass, LinePlace at)
    {
        if (IsRefused) return;
        _training.CompleteChunk();
        _validation.CompleteChunk();
        _lines = _lines with { Bad = _bad.Report };
        // Whoever goes on with it takes it for what its key is the hash of.
        _stamps.RequireUnchanged();
        await new IngestionJournal(pass, at.Number, at.Offset, _training.Complete, _validation.Complete, _lines).SaveAsync(_folder);
    }

    private InputException NothingToTrainOn(long dropped) => new(
        $"{string.Join(", ", _request.Sources.Select(source => source.Path))}: no document is left to train on ({dropped:N0} without a target, {_bad.Count:N0} bad lines"
        + $"{string.Concat(_bad.First.Take(1).Select(line => ", the first " + line))}){(_bad.Mistake(_request.Kind) is { } mistake ? "; " + mistake : "")}.");
}
