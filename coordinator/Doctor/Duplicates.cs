namespace MiniMind.Coordinator.Doctor;

/// <summary>Lines that are the same as an earlier one, byte for byte. Remembers a hash of each, up to a limit.</summary>
internal sealed class ExactDuplicates
{
    /// <summary>Lines that are remembered: 24 bytes each, 200 MB at most.</summary>
    public const int MostRemembered = 8_000_000;

    private readonly HashSet<ulong> _seen = [];

    public long Count { get; private set; }

    /// <summary>Some lines were not remembered: later copies of these are not found.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>True: it has been there before.</summary>
    public bool Add(ulong hash)
    {
        bool known = _seen.Contains(hash);
        if (known) Count++;
        else if (_seen.Count < MostRemembered) _seen.Add(hash);
        else IsPartial = true;
        return known;
    }
}

/// <summary>
/// Lines that are nearly the same as an earlier one. Those whose signatures agree in a band of three values are compared (locality-sensitive hashing, Indyk and Motwani 1998): with ten
/// bands, a line of similarity 0.8 is found with a probability of 99.9 %.
/// </summary>
internal sealed class NearDuplicates
{
    /// <summary>Least part of all shingles of two lines that both must have.</summary>
    public const double Threshold = 0.8;

    /// <summary>Lines that are remembered, and shingles of them: 4 bytes each, and 0.5 kB for a line.</summary>
    public const int MostRemembered = 400_000;
    private const long MostShingles = 50_000_000;

    private const int Bands = 10;
    private const int Rows = Shingles.Bins / Bands;

    /// <summary>Lines of one band and value that are compared; more are alike anyway.</summary>
    private const int MostAlike = 32;

    private readonly Dictionary<ulong, List<int>>[] _bands = [.. Enumerable.Range(0, Bands).Select(_ => new Dictionary<ulong, List<int>>())];
    private readonly List<(Shingles Shingles, LinePlaceInFile Place)> _lines = [];
    private long _shingles;

    public long Count { get; private set; }

    /// <summary>Some lines were not remembered: later ones like these are not found.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>The earlier line that this one is like; null when there is none.</summary>
    public LinePlaceInFile? Add(Shingles shingles, LinePlaceInFile place)
    {
        var keys = Enumerable.Range(0, Bands).Select(band => Key(shingles.Signature.AsSpan(band * Rows, Rows))).ToArray();
        var candidates = keys.Zip(_bands).SelectMany(pair => pair.Second.GetValueOrDefault(pair.First) ?? []).Distinct().Order().ToList();
        int earlier = candidates.FindIndex(candidate => _lines[candidate].Shingles.Similarity(shingles) >= Threshold);
        LinePlaceInFile? found = earlier < 0 ? null : _lines[candidates[earlier]].Place;
        if (found is not null) Count++;
        if (_lines.Count == MostRemembered || _shingles > MostShingles) IsPartial = true;
        else Remember(shingles, place, keys);
        return found;
    }

    private void Remember(Shingles shingles, LinePlaceInFile place, ulong[] keys)
    {
        foreach (var (key, band) in keys.Zip(_bands))
        {
            if (!band.TryGetValue(key, out var alike)) band[key] = alike = new List<int>(1);
            if (alike.Count < MostAlike) alike.Add(_lines.Count);
        }

        _lines.Add((shingles, place));
        _shingles += shingles.Hashes.Length;
    }

    private static ulong Key(ReadOnlySpan<uint> rows)
    {
        ulong key = 0;
        foreach (uint row in rows) key = (key ^ row) * 0x9E3779B97F4A7C15;
        return key;
    }
}

/// <summary>A line, for messages.</summary>
/// <param name="File">Index of its file.</param>
/// <param name="Number">From 1.</param>
internal readonly record struct LinePlaceInFile(int File, long Number);
