using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Text;
using MiniMind.Text.Datasets;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>
/// The tokenizer that a run trains: once, and anew when its texts or its size have changed since, so that the result never depends on
/// earlier attempts.
/// </summary>
internal sealed class TrainedTokenizer(TokenizerStage stage, string folder)
{
    private const string FormatVersion = "tokenizer/1";

    // Written last: a folder without it is unfinished.
    private string KeyFile => Path.Combine(folder, "trained-from.sha256");

    /// <summary>Loads the tokenizer, after training it when it is not there.</summary>
    /// <exception cref="InputException">A text file is missing, empty or has a bad line.</exception>
    public Tokenizer Load(Action<string> tell, CancellationToken cancellation)
    {
        var key = Key();
        if (File.Exists(KeyFile) && File.ReadAllText(KeyFile) == key) return Tokenizer.Load(folder);
        tell($"training a tokenizer of {stage.VocabularySize} tokens on {string.Join(", ", stage.Data)}");
        Directory.CreateDirectory(folder);
        File.Delete(KeyFile);
        var texts = stage.Data.SelectMany(path => Texts(path, cancellation));
        BpeTrainer.Train(texts, new BpeTrainerOptions { VocabularySize = stage.VocabularySize }).Save(folder);
        File.WriteAllText(KeyFile, key);
        return Tokenizer.Load(folder);
    }

    /// <summary>Hash of all that decides the tokenizer.</summary>
    private string Key()
    {
        var parts = new StringBuilder(FormatVersion).Append(CultureInfo.InvariantCulture, $" {stage.VocabularySize}");
        foreach (var path in stage.Data)
        {
            using var file = JsonLines.Open(path);
            parts.Append(' ').Append(Convert.ToHexStringLower(SHA256.HashData(file)));
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts.ToString())));
    }

    /// <summary>The texts of a JSONL file of any kind, as a tokenizer sees them.</summary>
    private static IEnumerable<string> Texts(string path, CancellationToken cancellation)
    {
        foreach (var line in JsonLines.Read(path))
        {
            cancellation.ThrowIfCancellationRequested();
            if (line.Fault is { } fault) throw new InputException($"{path}:{line.Number}: {fault}");
            foreach (var text in TextsOf(line.Value, $"{path}:{line.Number}")) yield return text;
        }
    }

    private static IReadOnlyList<string> TextsOf(JsonElement line, string place)
    {
        try
        {
            return DocumentTexts.Of(line);
        }
        catch (InputException fault)
        {
            throw new InputException($"{place}: {fault.Message}", fault);
        }
    }
}
