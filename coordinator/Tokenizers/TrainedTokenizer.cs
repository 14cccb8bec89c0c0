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
/// earlier attempts.
/// </summary>
internal sealed class TrainedTokenizer(TokenizerStage stage, string folder)
{
    private const string FormatVersion = "tokenizer/3";

    // Written last: a folder without it is unfinished.
    private string KeyFile => Path.Combine(folder, "trained-from.sha256");

    /// <summary>Loads the tokenizer, after training it when it is not there.</summary>
    /// <exception cref="InputException">A text file is missing or empty, has a bad line that may not be skipped, or none has a text.</exception>
    public Tokenizer Load(Action<string> tell, CancellationToken cancellation)
    {
        var key = Key();
        if (File.Exists(KeyFile) && File.ReadAllText(KeyFile) == key) return Tokenizer.Load(folder);
        tell($"training a tokenizer of {stage.VocabularySize} tokens on {string.Join(", ", stage.Data)} ({Figures.Megabytes(stage.Data.Sum(path => new FileInfo(path).Length))})");
        Directory.CreateDirectory(folder);
        File.Delete(KeyFile);
        var corpus = new CorpusTexts(stage.Data, stage.BadLines, $"mend the line, or set bad_lines: skip in the stage '{stage.Name}' to leave such lines out");
        var trained = BpeTrainer.Train(corpus.Read(cancellation), stage.Options, cancellation: cancellation);
        if (corpus.Count == 0) throw new InputException($"{string.Join(", ", stage.Data)}: expected texts to train a tokenizer on, found none");
        if (corpus.Bad.Count > 0) tell($"{stage.Name}: {corpus.Bad.Count:N0} bad lines skipped: {string.Join("; ", corpus.Bad.First)}");
        trained.Save(folder);
        File.WriteAllText(KeyFile, key);
        return Tokenizer.Load(folder);
    }

    /// <summary>Hash of all that decides the tokenizer.</summary>
    private string Key()
    {
        var parts = new StringBuilder(FormatVersion).Append(CultureInfo.InvariantCulture, $" {stage.VocabularySize} {stage.BadLines} {stage.MinFrequency} {stage.Sample:R} {stage.Family}{(stage.Sample < 1 ? stage.Options.Seed : 0)}");
        foreach (var path in stage.Data)
        {
            using var file = DataFile.OpenRaw(path);
            parts.Append(' ').Append(Convert.ToHexStringLower(SHA256.HashData(file)));
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts.ToString())));
    }
}
