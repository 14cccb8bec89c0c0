namespace MiniMind.Worker.Attendance;

/// <summary>Addresses of a run's coordinators, of which any serves a worker. Safe for concurrent use.</summary>
public sealed class CoordinatorList
{
    private readonly Lock _gate = new();
    private readonly string[] _given;
    private string[] _known;

    /// <param name="addresses">Those that the worker was started with, separated by commas: http://host:port.</param>
    public CoordinatorList(string addresses)
    {
        _given = _known = addresses.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (_given.Length == 0) throw new ArgumentException("expected the address of a coordinator, found none", nameof(addresses));
    }

    /// <summary>Those that are there by now, as one of them says; the worker's own are tried after them.</summary>
    public void Learn(IEnumerable<string> addresses)
    {
        lock (_gate) _known = [.. addresses.Concat(_given).Distinct()];
    }

    /// <summary>The one to try after another; the first when there was none, or it is not known any more.</summary>
    public string After(string? other)
    {
        lock (_gate) return _known[(Array.IndexOf(_known, other) + 1) % _known.Length];
    }

    public override string ToString()
    {
        lock (_gate) return string.Join(", ", _known);
    }
}
