using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Text;
using MiniMind.Text.Datasets;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.Tokenizers;

/// <summary>
/// The tokenizer that a run trains: once, and anew when its texts or its size have changed since, so that the result never depends on
/// earlier attempts. Once the run has begun it is not trained anew: what was trained with it would be worth nothing.
/// </summary>
/// <param name="stage">How it is trained.</param>
/// <param name="folder">Where it is kept.</param>
/// <param name="begun">Whether the run has begun with the one that is there.</param>
internal sealed class TrainedTokenizer(TokenizerStage stage, string folder, bool begun = false)
{
    private const string FormatVersion = "tokenizer/4";

    // Written last: a folder without it is unfinished.
    private string OriginFile => Path.Combine(folder, "trained-from.txt");

    /// <summary>Loads the tokenizer, after training it when it is not there.</summary>
    /// <exception cref="InputException">
    /// A text file is missing or empty, has a bad line that may not be skipped, or none has a text; or the run has begun with a tokenizer that was trained
    /// otherwise, which is left as it is.
    /// </exception>
    public Tokenizer Load(Action<string> tell, CancellationToken cancellation)
    {
        var origin = Origin();
        var changes = Changes(origin);
        if (changes.Count == 0) return Tokenizer.Load(folder);
        if (begun && File.Exists(OriginFile))
            throw new InputException(
                $"{folder}: the run has begun with this tokenizer, which would be another one now, so going on would not give one result. Changed: "
                + $"{string.Join("; ", changes)}. Undo that, or start anew with --out DIR");
        tell($"training a tokenizer of {stage.VocabularySize} tokens on {string.Join(", ", stage.Data)} ({Figures.Megabytes(stage.Data.Sum(path => new FileInfo(path).Length))})");
        Directory.CreateDirectory(folder);
        File.Delete(OriginFile);
        Train(tell, cancellation).Save(folder);
        File.WriteAllLines(OriginFile, origin);
        return Tokenizer.Load(folder);
    }

    private TrainedVocabulary Train(Action<string> tell, CancellationToken cancellation)
    {
        var corpus = new CorpusTexts(stage.Data, stage.BadLines, $"mend the line, or set bad_lines: skip in the stage '{stage.Name}' to leave such lines out");
        var trained = BpeTrainer.Train(corpus.Read(cancellation), stage.Options, cancellation: cancellation);
        if (corpus.Count == 0) throw new InputException($"{string.Join(", ", stage.Data)}: expected texts to train a tokenizer on, found none");
        if (corpus.Bad.Count > 0) tell($"{stage.Name}: {corpus.Bad.Count:N0} bad lines skipped: {string.Join("; ", corpus.Bad.First)}");
        if (trained.Tokens.Count < stage.VocabularySize)
            tell($"{stage.Name}: {trained.Tokens.Count:N0} tokens, fewer than the vocabulary_size of {stage.VocabularySize:N0}: no other pair of tokens occurs {stage.MinFrequency:N0} times "
                + "in the texts; more text, or a lower min_frequency, gives more");
        return trained;
    }

    /// <summary>All that decides the tokenizer: its settings, then each file behind the hash of its content.</summary>
    private List<string> Origin()
    {
        var lines = new List<string>
        {
            string.Create(CultureInfo.InvariantCulture,
                $"{FormatVersion} {stage.VocabularySize} {stage.BadLines} {stage.MinFrequency} {stage.Sample:R} {stage.Family} {(stage.Sample < 1 ? stage.Options.Seed : 0)}"),
        };
        foreach (var path in stage.Data)
        {
            using var file = DataFile.OpenRaw(path);
            // Of a name it matters only whether it says that the lines are texts.
            lines.Add($"{Convert.ToHexStringLower(SHA256.HashData(file))}{(DataFile.IsPlainText(path) ? "-text" : "")}  {path}");
        }
        return lines;
    }

    /// <summary>What is not as it was when the tokenizer in the folder was trained, as keys of the run file and files; all of it when there is none.</summary>
    private List<string> Changes(List<string> origin)
    {
        var former = File.Exists(OriginFile) ? File.ReadAllLines(OriginFile) : [];
        var changes = new List<string>();
        if (former.FirstOrDefault() != origin[0]) changes.Add($"settings of the stage '{stage.Name}'");
        var known = former.Skip(1).Select(HashOf).ToList();
        // In their order, which decides the tokenizer too; where a file lies does not.
        changes.AddRange(origin.Skip(1).Where((line, index) => known.ElementAtOrDefault(index) != HashOf(line)).Select(line => $"{stage.Name}.data: {line[(HashOf(line).Length + 2)..]}"));
        if (known.Count > stage.Data.Count) changes.Add($"{stage.Name}.data: {known.Count} files before, {stage.Data.Count} now");
        return changes;
    }

    private static string HashOf(string line) => line.Split(' ')[0];
}
