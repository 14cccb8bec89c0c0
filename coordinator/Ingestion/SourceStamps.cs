using MiniMind.Text;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// How data files looked before they were read the first time. They are read twice, once for the key and once to be encoded: what is published under a key must
/// be made of what the key is the hash of.
/// </summary>
internal sealed class SourceStamps
{
    private readonly IReadOnlyList<(string Path, long Bytes, DateTime Written)> _stamps;

    public SourceStamps(IEnumerable<string> files) => _stamps = [.. files.Select(Stamp)];

    /// <exception cref="InputException">A file is not as it was.</exception>
    public void RequireUnchanged()
    {
        foreach (var stamp in _stamps.Where(stamp => stamp != Stamp(stamp.Path)))
            throw new InputException($"{stamp.Path}: the file changed while it was read; nothing was kept of it. Let whatever writes it end, then begin again");
    }

    private static (string Path, long Bytes, DateTime Written) Stamp(string path) =>
        new FileInfo(path) is { Exists: true } file ? (path, file.Length, file.LastWriteTimeUtc) : (path, -1, default);
}
