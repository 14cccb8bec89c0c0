namespace MiniMind.TestKit;

/// <summary>The bytes that every way through the same run must end with.</summary>
/// <param name="Files">Content by name: model, optimizer and trainer state of the newest checkpoint, and the ledger.</param>
public sealed record RunResult(IReadOnlyDictionary<string, byte[]> Files)
{
    private static readonly string[] CheckpointFiles = ["model.safetensors", "optimizer.safetensors", "trainer.json"];

    /// <summary>Reads what a run that has ended left in its folder.</summary>
    public static RunResult Read(string runFolder)
    {
        var paths = CheckpointFiles.Select(name => Path.Combine(runFolder, "latest", name)).Append(Path.Combine(runFolder, "ledger.jsonl"));
        return new RunResult(paths.ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes));
    }

    /// <summary>Names of the files whose bytes another run has otherwise; empty when all are the same.</summary>
    public IReadOnlyList<string> DifferencesTo(RunResult other) =>
        [.. Files.Where(file => !file.Value.AsSpan().SequenceEqual(other.Files[file.Key])).Select(file => file.Key)];
}
