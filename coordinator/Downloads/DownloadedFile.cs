namespace MiniMind.Coordinator.Downloads;

/// <summary>A file that is whole and has its name.</summary>
/// <param name="Sha256">Lower-case hex.</param>
/// <param name="Verified">The hub says the same hash; false: it says none.</param>
internal sealed record DownloadedFile(string Sha256, bool Verified);
