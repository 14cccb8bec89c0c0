using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.Doctor;

/// <summary>
/// "minimind data check": reads data files once, examines lines on all cores, adds up in order, and writes a clean file on the way if one is wanted. Memory is bounded, whatever
/// the size of the files; the result does not depend on the number of threads.
/// </summary>
internal sealed class DataCheck(CheckOptions options)
{
    /// <summary>The tokenizer; null when none was given.</summary>
    public Tokenizer? Tokenizer { get; } = options.Tokenizer is { } folder ? Tokenizer.Load(folder) : null;

    /// <exception cref="InputException">A file is missing, empty or damaged, or its kind cannot be told.</exception>
    public async Task<(CheckReport Report, IReadOnlyList<(string Place, EncodedDocument Document)> Samples)> RunAsync(IProgress<IngestionProgress>? progress, CancellationToken ct)
    {
        var files = DataEntries.Expand(options.Files);
        CheckOutputs(files);
        string stage = options.Stage ?? Guess(files);
        var contamination = options.Against is { } against ? Contamination.Read(against) : null;
        var encoder = Tokenizer is null ? null : DocumentEncoders.For(stage, Tokenizer);
        var totals = new CheckTotals(options, files, Tokenizer is null ? null : Packing(stage), contamination);
        long bytes = files.Sum(file => new FileInfo(file).Length);
        var meter = new ProgressMeter(progress, bytes);
        meter.Begin(IngestionPhase.Encoding, bytes);
        using var clean = options.Fix is { } path ? new LineOutput(path) : null;
        var pipeline = new LinePipeline<LineFacts>(files, new LineExaminer(stage, encoder, contamination).Examine, options.Threads);
        await foreach (var batch in pipeline.RunAsync(0, LinePlace.Start, ct))
        {
            foreach (var facts in batch.Lines)
                if (totals.Add(batch.File, facts)) clean?.Add(facts.Line);
            meter.Add(batch.Bytes, batch.Lines.Count);
        }

        if (totals.Lines == 0) throw new InputException($"{string.Join(", ", files)}: expected documents, found blank lines only");
        clean?.Finish();
        clean?.Publish();
        return (totals.Finish(stage, options.Stage is null, bytes, clean?.Count), [.. totals.Samples.All.Select(sample => (totals.Name(sample.Place), sample.Document))]);
    }

    // A long check must not end with a refusal, nor destroy what it read.
    private void CheckOutputs(IReadOnlyList<string> files)
    {
        if (options.Fix is { } clean) LineOutput.RequireJson(clean);
        string[] against = options.Against is { } evaluation ? [evaluation] : [];
        var outputs = new[] { ("--fix", options.Fix), ("--json", options.Json), ("--plot", options.Plot) };
        OutputFiles.Require([.. outputs.Where(output => output.Item2 is not null).Select(output => (output.Item1, output.Item2!))], [.. files, .. against], options.Force);
    }

    private PackingOptions Packing(string stage) => new()
    {
        SequenceLength = options.SequenceLength ?? CheckOptions.SequenceLengthOf(stage), Padding = Tokenizer!.Padding,
        LongDocuments = (options.LongDocuments ?? (stage == "pretrain" ? "split" : "cut")) == "split" ? LongDocuments.Split : LongDocuments.Cut,
    };

    private static string Guess(IReadOnlyList<string> files)
    {
        var kinds = files.Select(file => (File: file, Kind: DataKind.Guess(file))).Where(guess => guess.Kind is not null).DistinctBy(guess => guess.Kind).ToList();
        if (kinds.Count > 1)
            throw new InputException($"expected files of one kind, found {string.Join(" and ", kinds.Select(guess => $"{guess.Kind} ({guess.File})"))}: check each kind by itself, or say which one all are with --stage");
        return kinds.Count == 1 ? kinds[0].Kind! : throw new InputException($"{files[0]}: none of its first lines shows what kind of data it is; give --stage {string.Join("|", DocumentEncoders.Kinds)}");
    }
}
