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
/// Lines that are nearly the same as an earlier one. Signatures whose bands agree are compared (locality-sensitive hashing, Indyk and Motwani 1998): with eight bands of
/// four values, a pair of similarity 0.8 is found with a probability of 98 %.
/// </summary>
internal sealed class NearDuplicates
{
    /// <summary>Least part of a signature that must agree.</summary>
    public const double Threshold = 0.8;

    /// <summary>Lines that are remembered: about 0.4 kB each, 200 MB at most.</summary>
    public const int MostRemembered = 500_000;

    private const int Bands = 8;
    private const int Rows = MinHash.Bins / Bands;

    private readonly Dictionary<ulong, int>[] _bands = [.. Enumerable.Range(0, Bands).Select(_ => new Dictionary<ulong, int>())];
    private readonly List<(uint[] Signature, LinePlaceInFile Place)> _lines = [];

    public long Count { get; private set; }

    /// <summary>Some lines were not remembered: later ones like these are not found.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>The earlier line that this one is like; null when there is none.</summary>
    public LinePlaceInFile? Add(uint[] signature, LinePlaceInFile place)
    {
        var keys = Enumerable.Range(0, Bands).Select(band => Key(signature.AsSpan(band * Rows, Rows))).ToArray();
        foreach (var (key, band) in keys.Zip(_bands))
        {
            if (!band.TryGetValue(key, out int earlier) || MinHash.Similarity(_lines[earlier].Signature, signature) < Threshold) continue;
            Count++;
            return _lines[earlier].Place;
        }

        if (_lines.Count == MostRemembered)
        {
            IsPartial = true;
            return null;
        }

        foreach (var (key, band) in keys.Zip(_bands)) band.TryAdd(key, _lines.Count);
        _lines.Add((signature, place));
        return null;
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
