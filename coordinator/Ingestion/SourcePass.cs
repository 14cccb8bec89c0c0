namespace MiniMind.Coordinator.Ingestion;

/// <summary>One reading of a file.</summary>
/// <param name="File">Index of the file in <see cref="DatasetRequest.Files"/>.</param>
/// <param name="Path">Of the file.</param>
/// <param name="Repeats">The file has been read before: what is in it beside documents to train on is known already.</param>
/// <param name="Fraction">Part of its documents that is taken, above 0 to 1.</param>
/// <param name="Validates">All its documents are held out.</param>
internal sealed record SourcePass(int File, string Path, bool Repeats, double Fraction, bool Validates)
{
    /// <summary>
    /// The readings that a request comes to, in order. A file of weight 2.5 is read three times, the third time for half of its documents; in between
    /// come the others, so that equal documents lie far apart.
    /// </summary>
    public static IReadOnlyList<SourcePass> Of(DatasetRequest request)
    {
        var passes = new List<SourcePass>();
        for (int taken = 0; request.Sources.Any(source => source.Weight > taken); taken++)
            passes.AddRange(request.Sources.Index().Where(source => source.Item.Weight > taken)
                .Select(source => new SourcePass(source.Index, source.Item.Path, taken > 0, Math.Min(1, source.Item.Weight - taken), Validates: false)));
        return [.. passes, .. request.ValidationFiles.Select((path, index) => new SourcePass(request.Sources.Count + index, path, Repeats: false, 1, Validates: true))];
    }
}
