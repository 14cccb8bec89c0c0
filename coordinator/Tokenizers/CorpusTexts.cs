using MiniMind.Coordinator.Ingestion;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Tokenizers;

/// <summary>The texts in data files of any kind, as a tokenizer is trained on them.</summary>
/// <param name="files">Paths, in order.</param>
/// <param name="badLines">Whether a bad line is left out or ends everything.</param>
/// <param name="remedy">What to do about bad lines that may not be skipped.</param>
/// <param name="read">Told the bytes of the files that have been read since.</param>
internal sealed class CorpusTexts(IReadOnlyList<string> files, BadLines badLines, string remedy, Action<long>? read = null)
{
    /// <summary>Lines that were left out.</summary>
    public BadLineLog Bad { get; } = new(files);

    /// <summary>Texts that were read.</summary>
    public long Count { get; private set; }

    /// <exception cref="InputException">A file is missing, empty or damaged, or has a bad line that may not be skipped.</exception>
    public IEnumerable<string> Read(CancellationToken cancellation)
    {
        foreach (var (index, path) in files.Index())
        {
            using var file = DataFile.Open(path);
            long told = 0;
            foreach (var line in file.Lines())
            {
                cancellation.ThrowIfCancellationRequested();
                if (file.Position > told) read?.Invoke(file.Position - told);
                told = file.Position;
                var (texts, fault) = TextsOf(JsonLines.Parse(line));
                if (fault is not null && badLines == BadLines.Fail) throw new InputException($"{path}:{line.Number}: {fault}; {remedy}");
                if (fault is not null) Bad.Add(index, line.Number, fault);
                foreach (string text in texts)
                {
                    Count++;
                    yield return text;
                }
            }

            read?.Invoke(file.Position - told);
        }
    }

    private static (IReadOnlyList<string> Texts, string? Fault) TextsOf(JsonLine line)
    {
        if (line.Fault is not null) return ([], line.Fault);
        try
        {
            return (DocumentTexts.Of(line.Value), null);
        }
        catch (InputException fault)
        {
            return ([], fault.Message);
        }
    }
}
