using System.Globalization;
using MiniMind.Coordinator.Screen;
using MiniMind.Text.Datasets;
using MiniMind.Text.Tokenization;
using Spectre.Console;
using Cell = Spectre.Console.Text;

namespace MiniMind.Coordinator.Doctor;

/// <summary>Shows a report: figures, histogram, samples, verdict.</summary>
internal sealed class CheckView(IAnsiConsole console)
{
    private const int Bars = 14;
    private const int MostShown = 1500;
    private const int MostContext = 200;

    private bool IsPlain => !console.Profile.Capabilities.Ansi || console.Profile.Capabilities.ColorSystem == ColorSystem.NoColors;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    public void Show(CheckReport report)
    {
        console.WriteLine(string.Create(Invariant, $"{string.Join(", ", report.Files)}: {report.Stage}{(report.StageGuessed ? " (by its first lines)" : "")}, {report.Lines:N0} lines, {Figures.Megabytes(report.Bytes)}"));
        var table = new Table().Border(TableBorder.Simple).HideHeaders().AddColumns("", "", "");
        void Row(string name, string figure, string note = "") => table.AddRow(new Cell(name), new Cell(figure).RightJustified(), new Cell(note));
        Row("bad lines", Count(report.BadLines), First(report.FirstBad, report.BadLines));
        Row("exact duplicates", Count(report.ExactDuplicates));
        Row("near duplicates", Count(report.NearDuplicates), First(report.FirstNear, report.NearDuplicates));
        foreach (var (what, lines, first) in report.Oddities) Row(what, Count(lines), string.Join(", ", first) + (lines > first.Count ? ", …" : ""));
        Row("characters", Count(report.Characters.Total), Languages(report.Characters));
        if (report.Lengths is { } lengths) Show(lengths, Row);
        if (report.Contamination is { } shared)
            Row("lines shared with " + Path.GetFileName(shared.File), Count(shared.Lines), $"{shared.ItemsTouched:N0} of {shared.Items:N0} items touched, {shared.TooShort:N0} too short to compare{(shared.First.Count > 0 ? "; " + string.Join(", ", shared.First) : "")}");
        console.Write(table);
        if (report.Lengths is { Documents: > 0 } known) console.Write(Histogram(known));
        foreach (string limit in report.Limits) console.WriteLine($"note: {limit}");
    }

    /// <summary>A document as text; what is learned stands out.</summary>
    public void Show(string place, EncodedDocument document, Tokenizer tokenizer)
    {
        console.WriteLine();
        console.WriteLine($"{place} ({document.Ids.Length:N0} tokens, {document.Targets:N0} of them learned)");
        Show(document, tokenizer);
        if (document.Rejected is not { } rejected) return;
        console.WriteLine("-- rejected:");
        Show(rejected, tokenizer);
    }

    public void ShowVerdict(CheckReport report)
    {
        console.WriteLine();
        if (report.Written is { } written) console.WriteLine($"written: {written:N0} lines");
        console.Write(new Markup(Markup.Escape(report.Verdict), new Style(report.CleanSound ?? report.Sound ? Color.Green : Color.Red)));
        console.WriteLine();
    }

    private static void Show(LengthReport lengths, Action<string, string, string> row)
    {
        row("tokens", Count(lengths.Tokens), $"{lengths.Targets:N0} are learned; lengths {lengths.Least}..{lengths.Most}, median {lengths.Median}, 90 % {lengths.Quantile90}, 99 % {lengths.Quantile99}");
        row($"longer than {lengths.SequenceLength}", Count(lengths.TooLong), $"a cut loses {lengths.TokensCut:N0} tokens, {lengths.TargetsCut:N0} of them learned ({Share(lengths.TargetsCut, lengths.Targets)})");
        row("padded sequences", Count(lengths.PaddedSequences), $"{Figures.Percent(lengths.PaddingShare)} % of their slots would be padding");
        double gain = lengths.PackedSequences == 0 ? 0 : (double)lengths.PaddedSequences / lengths.PackedSequences;
        row("packed sequences", Count(lengths.PackedSequences), string.Create(Invariant, $"{Figures.Percent(lengths.PackedFill)} % full, {gain:0.0} times fewer"));
        if (lengths.CutInPacking > 0) row("cut in packing", Count(lengths.CutInPacking), $"{lengths.TokensCutInPacking:N0} tokens are lost");
        if (lengths.WithoutTarget > 0) row("documents without a target", Count(lengths.WithoutTarget), "left out of training");
    }

    private void Show(EncodedDocument document, Tokenizer tokenizer)
    {
        var plain = tokenizer.NewStreamingDecoder(skipSpecial: false);
        int shown = 0;
        bool learned = false;
        // A long prompt must not hide what is learned.
        int first = Math.Max(0, document.TargetMask.AsSpan(1..).IndexOf(true) - MostContext);
        if (first > 0) console.Write("… ");
        for (int at = first; at < document.Ids.Length && shown < MostShown; at++)
        {
            bool target = at > 0 && document.TargetMask[at];
            string text = Harmless(plain.Append(document.Ids[at]));
            shown += text.Length;
            // Where there are no colours, brackets show what is learned.
            if (IsPlain && target != learned) console.Write(target ? "⟦" : "⟧");
            learned = target;
            console.Write(new Markup(Markup.Escape(text), target ? new Style(Color.Green) : new Style(Color.Grey)));
        }

        if (IsPlain && learned) console.Write("⟧");
        console.WriteLine(shown >= MostShown ? " …" : plain.Flush());
    }

    /// <summary>Control characters of the data must not steer the terminal.</summary>
    private static string Harmless(string text) =>
        string.Concat(text.Select(character => char.IsControl(character) && character is not ('\n' or '\t') ? (char)(character < ' ' ? '\u2400' + character : '\u2421') : character));

    /// <summary>Bars of equal width in tokens; the last one takes all that is longer than nearly everything.</summary>
    private static BarChart Histogram(LengthReport lengths)
    {
        int width = Math.Max(1, (Math.Max(lengths.Quantile99, 1) + Bars - 1) / Bars);
        var chart = new BarChart().Label("documents by length in tokens").LeftAlignLabel();
        for (int bar = 0; bar <= Bars; bar++)
        {
            int first = bar * width;
            long count = lengths.Histogram.Where(entry => entry.Length >= first && (bar == Bars || entry.Length < first + width)).Sum(entry => entry.Documents);
            if (bar == Bars && count == 0) break;
            chart.AddItem(bar == Bars ? $"{first}.." : $"{first}..{first + width - 1}", count, first >= lengths.SequenceLength ? Color.Yellow : Color.Blue);
        }

        return chart;
    }

    private static string Languages(TextScript script)
    {
        (string Name, long Count)[] parts = [("Chinese", script.Chinese), ("Latin", script.Latin), ("other letters", script.OtherLetters), ("digits", script.Digits), ("signs", script.Signs)];
        return string.Join(", ", parts.Where(part => part.Count > 0).Select(part => $"{part.Name} {Share(part.Count, script.Total)}"));
    }

    private static string First(IReadOnlyList<string> lines, long all) => string.Join("\n", all > lines.Count ? lines.Append($"and {Count(all - lines.Count)} more") : lines);

    private static string Count(long count) => count.ToString("N0", Invariant);

    private static string Share(long part, long whole) => whole == 0 ? "0 %" : Figures.Percent((double)part / whole) + " %";
}
