using System.Globalization;
using MiniMind.Text;
using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>Collects everything that is wrong with a run file, so that all of it is reported at once.</summary>
internal sealed class FaultList(string file)
{
    private readonly record struct Fault(long Line, long Column, string Text);

    private readonly List<Fault> _faults = [];
    private readonly Dictionary<YamlNode, string> _origins = new(ReferenceEqualityComparer.Instance);

    /// <summary>Says that a node came from an override rather than from the file.</summary>
    public void MarkOrigin(YamlNode node, string origin) => _origins[node] = origin;

    /// <summary>Reports one fault; <paramref name="fix"/> may be empty.</summary>
    public void Add(YamlNode place, string key, string expected, string found, string fix = "")
    {
        string tail = fix.Length > 0 ? "; " + fix : "";
        bool given = _origins.TryGetValue(place, out string? origin);
        string where = given ? origin! : string.Create(CultureInfo.InvariantCulture, $"{file}:{place.Start.Line}:{place.Start.Column}");
        _faults.Add(new Fault(given ? long.MaxValue : place.Start.Line, place.Start.Column, $"{where}: {key}: expected {expected}, found {found}{tail}"));
    }

    /// <summary>Reports an override that cannot be applied.</summary>
    public void AddOverride(string origin, string expected, string found, string fix) =>
        _faults.Add(new Fault(long.MaxValue, 0, $"{origin}: expected {expected}, found {found}; {fix}"));

    /// <exception cref="InputException">When there is any fault.</exception>
    public void ThrowIfAny()
    {
        if (_faults.Count == 0) return;
        var lines = _faults.OrderBy(fault => fault.Line).ThenBy(fault => fault.Column).Select(fault => fault.Text).Distinct().ToList();
        throw new InputException(lines.Count == 1 ? lines[0] : $"{lines.Count} faults in {file}:\n  {string.Join("\n  ", lines)}");
    }
}
