using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Doctor;

/// <summary>Adds up what is known of lines, in their order, and decides which of them are worth keeping.</summary>
internal sealed class CheckTotals(CheckOptions options, IReadOnlyList<string> files, PackingOptions? packing, Contamination? contamination)
{
    private const int Quoted = 5;

    // Without their folders, where that tells them apart.
    private readonly string[] _names = files.Select(Path.GetFileName).Distinct().Count() == files.Count ? [.. files.Select(path => Path.GetFileName(path))] : [.. files];
    private readonly ExactDuplicates _exact = new();
    private readonly NearDuplicates _near = new();
    private readonly LengthStatistics? _lengths = packing is null ? null : new LengthStatistics(packing);
    private readonly Dictionary<Oddity, (long Count, List<string> First)> _oddities = Oddities.All.ToDictionary(entry => entry.Oddity, _ => (0L, new List<string>()));
    private readonly List<string> _firstBad = [];
    private readonly List<string> _firstNear = [];
    private readonly List<string> _firstContaminated = [];
    private TextScript _script;
    private long _bad;

    public long Lines { get; private set; }

    /// <summary>Documents to be shown.</summary>
    public SampledDocuments Samples { get; } = new(options.Samples, options.Seed);

    /// <summary>Adds a line. True: it belongs into a clean file.</summary>
    public bool Add(int file, LineFacts facts)
    {
        Lines++;
        var place = new LinePlaceInFile(file, facts.Line.Number);
        if (facts.Fault is not null)
        {
            _bad++;
            Quote(_firstBad, $"{Name(place)}: {facts.Fault}");
            return false;
        }

        bool repeated = _exact.Add(facts.Hash);
        bool near = !repeated && IsNear(facts, place);
        _script += facts.Script;
        Count(facts.Oddities, place);
        if (facts.Contaminated.Count > 0) Quote(_firstContaminated, Name(place));
        contamination?.Count(facts.Contaminated);
        if (facts.Document is { } document)
        {
            _lengths!.Add(document);
            if (!repeated) Samples.Add(place, facts.Hash, document);
        }

        bool useless = (facts.Oddities & (Oddity.EmptyText | Oddity.OnlyEmptyAnswers | Oddity.NoAnswer | Oddity.EqualSides)) != 0;
        return !useless && (!repeated || options.KeepDuplicates) && (!near || !options.DropNearDuplicates);
    }

    public CheckReport Finish(string stage, bool guessed, long bytes, long? written)
    {
        var lengths = _lengths?.Finish();
        var (sound, verdict) = Verdict(stage, lengths);
        bool? clean = written is null ? null : written > 0 && CanBeLearned(lengths);
        if (clean is true && !sound)
            verdict = $"{_bad:N0} {(_bad == 1 ? "line is" : "lines are")} bad and left out: {(StageKinds.All.Contains(stage) ? $"training can start with {options.Fix}" : $"{options.Fix} is sound, but no run can train on it: there is no {stage} stage yet")}";
        if (clean is false && sound) verdict = $"no line is worth keeping: {options.Fix} is empty";
        return new CheckReport
        {
            Files = files, Stage = stage, StageGuessed = guessed, Lines = Lines, Bytes = bytes, BadLines = _bad, FirstBad = _firstBad,
            ExactDuplicates = _exact.Count, NearDuplicates = _near.Count, FirstNear = _firstNear, Characters = _script, Lengths = lengths, Written = written,
            Oddities = [.. Oddities.All.Where(entry => _oddities[entry.Oddity].Count > 0).Select(entry => new OddityCount(entry.Words, _oddities[entry.Oddity].Count, _oddities[entry.Oddity].First))],
            Contamination = contamination is null ? null : new ContaminationReport(options.Against!, contamination.Items, contamination.TooShort, contamination.ItemsTouched, contamination.Lines, _firstContaminated),
            Limits = [.. Limits()], Sound = sound, CleanSound = clean, Verdict = verdict,
        };
    }

    /// <summary>The place of a line, as messages name it.</summary>
    public string Name(LinePlaceInFile place) => $"{_names[place.File]}:{place.Number}";

    private bool IsNear(LineFacts facts, LinePlaceInFile place)
    {
        if (facts.Shingles is null || _near.Add(facts.Shingles, place) is not { } earlier) return false;
        Quote(_firstNear, $"{Name(place)} is like {Name(earlier)}");
        return true;
    }

    private void Count(Oddity found, LinePlaceInFile place)
    {
        if (found == Oddity.None) return;
        foreach (var (oddity, _) in Oddities.All)
        {
            if ((found & oddity) == 0) continue;
            var (count, first) = _oddities[oddity];
            Quote(first, Name(place));
            _oddities[oddity] = (count + 1, first);
        }
    }

    private (bool, string) Verdict(string stage, LengthReport? lengths)
    {
        string fix = $"minimind data check {string.Join(' ', files)} --fix OUT";
        if (_bad == Lines) return (false, $"training cannot start: none of the {Lines:N0} lines can be used{(DataKind.Mistake(files[0], stage) is { } mistake ? "; " + mistake : "")}");
        if (!CanBeLearned(lengths)) return (false, "training cannot start: nothing in these documents is learned; is it another kind of data?");
        if (_bad > 0) return (false, $"training cannot start: {_bad:N0} bad lines; leave them out with bad_lines: skip, or write a clean file with {fix}");
        long warnings = _oddities.Values.Count(entry => entry.Count > 0) + (_exact.Count > 0 ? 1 : 0) + (_near.Count > 0 ? 1 : 0) + (contamination is { Lines: > 0 } ? 1 : 0);
        string start = StageKinds.All.Contains(stage) ? "training can start" : $"the data is sound, but no run can train on it: there is no {stage} stage yet";
        return (true, warnings == 0 ? start : $"{start}; {warnings} {(warnings == 1 ? "thing" : "things")} to look at above");
    }

    private bool CanBeLearned(LengthReport? lengths) => lengths is not { PackedTargets: 0 } && _oddities[Oddity.NoAnswer].Count < Lines;

    private IEnumerable<string> Limits()
    {
        if (_exact.IsPartial) yield return $"exact duplicates are found among the first {Doctor.ExactDuplicates.MostRemembered:N0} different lines, and of these in all that follow";
        if (_near.IsPartial) yield return "near duplicates are looked for among the first different lines only (some hundred thousand), and of these in all that follow";
        if (_near.Count > 0) yield return $"near duplicates share {Doctor.NearDuplicates.Threshold:P0} of their runs of eight letters with an earlier line";
        if (_lengths is null) yield return "without --tokenizer nothing is known about tokens";
    }

    private static void Quote(List<string> list, string entry)
    {
        if (list.Count < Quoted) list.Add(entry);
    }
}
