namespace MiniMind.Coordinator.ToyWorld;

/// <summary>One file of a toy world.</summary>
/// <param name="Name">Relative to the folder, for example "sft.jsonl".</param>
/// <param name="Sha256">Of the bytes, lower-case hexadecimal.</param>
public sealed record ToyWorldFile(string Name, int Lines, long Bytes, string Sha256);

/// <summary>What <see cref="ToyWorldWriter.Write"/> wrote.</summary>
/// <param name="Folder">Full path.</param>
/// <param name="Files">In the order of their names.</param>
public sealed record ToyWorldSummary(string Folder, ulong Seed, ToyWorldOptions Options, int Entities, int Facts, int Questions, IReadOnlyList<ToyWorldFile> Files)
{
    /// <summary>Tells a person what was written.</summary>
    public void WriteTo(TextWriter output)
    {
        output.WriteLine($"{Folder}: {Entities} entities with {Facts} facts, {Questions} held-out questions (seed {Seed})");
        foreach (var file in Files) output.WriteLine($"  {file.Name,-24} {file.Lines,8} lines {file.Bytes,10} bytes");
    }
}
