using System.Globalization;
using System.Text;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Text;
using MiniMind.Text.Tokenization;
using Spectre.Console;
using Cell = Spectre.Console.Text;

namespace MiniMind.Coordinator.Tokenizers;

/// <summary>What "minimind tokenizer" does.</summary>
internal sealed class TokenizerCommands(IAnsiConsole console, TextReader input, TextWriter output, TimeProvider time)
{
    public async Task<int> TrainAsync(TrainTokenizerOptions options, CancellationToken stop)
    {
        var files = DataEntries.Expand(options.Files);
        string target = Path.Combine(options.Out, "tokenizer.json");
        if (File.Exists(target) && !options.Force) throw new InputException($"{target} is there already: give --force to replace it, or another folder with --out");
        OutputPlace.RequireFolder(options.Out, "--out");
        var trainer = new BpeTrainerOptions
        {
            VocabularySize = options.VocabularySize, MinFrequency = options.MinFrequency, Sample = options.Sample, Seed = unchecked((long)options.Seed),
            SpecialTokens = TokenizerFamilies.SpecialTokens(options.Family), Threads = options.Threads,
        };
        trainer.Check();
        long start = time.GetTimestamp();
        var (corpus, trained) = await Task.Run(() => Train(files, trainer, options.SkipBadLines, stop), stop);
        trained.Save(options.Out);
        var statistics = Measure(Tokenizer.Load(options.Out), TokenizerSamples.All.Select(sample => sample.Text));
        if (corpus.Bad.Count > 0) output.WriteLine($"{corpus.Bad.Count:N0} bad lines left out: {string.Join("; ", corpus.Bad.First)}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{options.Out}: {trained.Tokens.Count:N0} tokens from {corpus.Count:N0} texts in {time.GetElapsedTime(start).TotalSeconds:0.0} s, {statistics.CharactersPerToken:0.00} characters per token on the built-in samples"));
        if (trained.Tokens.Count < options.VocabularySize)
            output.WriteLine($"fewer tokens than the {options.VocabularySize:N0} asked for: no other pair occurs {options.MinFrequency} times; more text, or a lower --min-frequency, gives more");
        return ExitCodes.Success;
    }

    public int Encode(ConvertOptions options)
    {
        var tokenizer = Tokenizer.Load(options.Tokenizer);
        foreach (string text in options.Input.Count > 0 ? options.Input : Lines())
        {
            int[] ids = tokenizer.Encode(text);
            if (!options.Shown) output.WriteLine(string.Join(' ', ids));
            else foreach (int id in ids) output.WriteLine($"{id,6}  {Visible(tokenizer, id)}");
        }

        return ExitCodes.Success;
    }

    public int Decode(ConvertOptions options)
    {
        var tokenizer = Tokenizer.Load(options.Tokenizer);
        foreach (var words in options.Input.Count > 0 ? [options.Input] : Lines().Select(line => (IReadOnlyList<string>)line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
            output.WriteLine(tokenizer.Decode(words.Select(word => Id(word, tokenizer)), skipSpecial: !options.Shown));
        return ExitCodes.Success;
    }

    public int Evaluate(EvaluateTokenizerOptions options)
    {
        var tokenizers = options.Tokenizers.Select(Tokenizer.Load).ToList();
        var table = new Table().Border(TableBorder.Simple).AddColumn("characters per token");
        foreach (string folder in options.Tokenizers) table.AddColumn(new TableColumn(new Cell(folder)).RightAligned());
        if (tokenizers.Count > 1) table.AddColumn(new TableColumn("first to last").RightAligned());
        var totals = tokenizers.Select(tokenizer => new TokenizerStatistics(tokenizer)).ToList();
        foreach (var (kind, text) in TokenizerSamples.All) AddRow(table, kind, tokenizers, totals, [text]);
        foreach (string file in DataEntries.Expand(options.Files)) AddRow(table, Path.GetFileName(file), tokenizers, totals, TextsOf(file));
        table.AddEmptyRow();
        table.AddRow(Cells("vocabulary", totals.Select((_, index) => $"{tokenizers[index].VocabularySize:N0}"), tokenizers.Count));
        table.AddRow(Cells("of it used here", totals.Select((total, index) => Figures.Percent((double)total.TokensUsed / tokenizers[index].VocabularySize) + " %"), tokenizers.Count));
        table.AddRow(Cells("bytes per token", totals.Select(total => total.BytesPerToken.ToString("0.000", CultureInfo.InvariantCulture)), tokenizers.Count));
        table.AddRow(Cells("texts not given back", totals.Select(total => $"{total.Lossy:N0}"), tokenizers.Count));
        console.Write(table);
        return ExitCodes.Success;
    }

    private (CorpusTexts Corpus, TrainedVocabulary Trained) Train(IReadOnlyList<string> files, BpeTrainerOptions options, bool skip, CancellationToken stop)
    {
        long total = files.Sum(file => new FileInfo(file).Length);
        (CorpusTexts, TrainedVocabulary)? result = null;
        TrainingProgress.Show(console, total, options.VocabularySize, (read, merged) =>
        {
            var corpus = new CorpusTexts(files, skip ? BadLines.Skip : BadLines.Fail, "mend the line, or give --skip-bad-lines", read);
            var trained = BpeTrainer.Train(corpus.Read(stop), options, merged, stop);
            if (corpus.Count == 0) throw new InputException($"{string.Join(", ", files)}: expected texts to train a tokenizer on, found none");
            result = (corpus, trained);
        });
        return result!.Value;
    }

    private static IEnumerable<string> TextsOf(string file) => new CorpusTexts([file], BadLines.Skip, "").Read(CancellationToken.None);

    private static void AddRow(Table table, string name, List<Tokenizer> tokenizers, List<TokenizerStatistics> totals, IEnumerable<string> texts)
    {
        var own = tokenizers.Select(tokenizer => new TokenizerStatistics(tokenizer)).ToList();
        foreach (string text in texts)
            foreach (var statistics in own.Concat(totals)) statistics.Add(text);
        var figures = own.Select(statistics => statistics.CharactersPerToken).ToList();
        var cells = figures.Select(figure => figure.ToString("0.000", CultureInfo.InvariantCulture)).ToList();
        if (tokenizers.Count > 1) cells.Add(figures[^1] > 0 ? (figures[0] / figures[^1]).ToString("0.00", CultureInfo.InvariantCulture) + " x" : Figures.None);
        table.AddRow([new Cell(name), .. cells.Select(cell => new Cell(cell))]);
    }

    private static Cell[] Cells(string name, IEnumerable<string> values, int tokenizers) =>
        [new Cell(name), .. values.Select(value => new Cell(value)), .. tokenizers > 1 ? [new Cell("")] : Array.Empty<Cell>()];

    private static TokenizerStatistics Measure(Tokenizer tokenizer, IEnumerable<string> texts)
    {
        var statistics = new TokenizerStatistics(tokenizer);
        foreach (string text in texts) statistics.Add(text);
        return statistics;
    }

    private IEnumerable<string> Lines()
    {
        while (input.ReadLine() is { } line) yield return line;
    }

    private static int Id(string word, Tokenizer tokenizer) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id < tokenizer.VocabularySize
            ? id
            : throw new InputException($"expected ids from 0 to {tokenizer.VocabularySize - 1}, found '{word}'");

    /// <summary>A token as text, between quotes; bytes that are no whole character as &lt;E4&gt;.</summary>
    private static string Visible(Tokenizer tokenizer, int id)
    {
        var text = new StringBuilder("\"");
        var bytes = tokenizer.BytesOf(id);
        while (bytes.Length > 0)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out int width) != System.Buffers.OperationStatus.Done) text.Append(string.Concat(bytes[..width].ToArray().Select(value => $"<{value:X2}>")));
            else if (Rune.IsControl(rune)) text.Append(rune.Value == '\n' ? "\\n" : rune.Value == '\t' ? "\\t" : $"<{rune.Value:X2}>");
            else text.Append(rune.ToString());
            bytes = bytes[width..];
        }

        return text.Append('"').ToString();
    }
}
