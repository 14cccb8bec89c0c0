using System.Globalization;
using MiniMind.Text;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Worker.SelfTest;

/// <summary>
/// `selftest --golden DIR [--case NAME] [--tokenizers DIR]`: checks every case of a folder. A case that has files but no code here is named and
/// fails the command, so that green always means that everything was checked.
/// </summary>
public static class GoldenSelfTest
{
    /// <summary>Everything that can be run.</summary>
    private static readonly IReadOnlyList<IGoldenCase> Runnable = [new DenseDecoderCase("minimind3-dense"), new TrajectoryCase(), new EncodeCase(), new ChatCase()];

    /// <summary>Runs and prints; the exit code is 0 when all passed, 1 when one failed or cannot be run.</summary>
    /// <param name="folder">The golden folder.</param>
    /// <param name="caseName">One case of it; null for all.</param>
    /// <param name="tokenizers">Folder of MiniMind's tokenizers; null for data/tokenizers beside the golden folder.</param>
    /// <param name="output">A line per comparison and per case.</param>
    /// <exception cref="InputException">No such folder or case, or damaged files.</exception>
    public static int Run(string folder, string? caseName, string? tokenizers, TextWriter output)
    {
        var golden = new GoldenFolder(folder, tokenizers);
        var names = Select(golden, caseName);
        TorchRuntime.Initialize(threads: 1);
        output.WriteLine(TorchRuntime.Describe());
        var failed = names.Where(name => !RunCase(golden, name, output)).ToList();
        output.WriteLine(failed.Count == 0 ? $"{names.Count} case(s) passed" : $"{failed.Count} of {names.Count} case(s) failed: {string.Join(", ", failed)}");
        return failed.Count == 0 ? 0 : 1;
    }

    private static IReadOnlyList<string> Select(GoldenFolder folder, string? caseName)
    {
        var names = folder.CaseNames();
        if (names.Count == 0) throw new InputException($"--golden: expected NAME.json beside NAME.safetensors in {folder.Root}, found no such pair");
        if (caseName is null) return names;
        // A text case's extension may be left out.
        return names.FirstOrDefault(name => name == caseName || name == $"{caseName}.jsonl") is { } found
            ? [found]
            : throw new InputException($"--case: expected one of {string.Join(", ", names)}, found '{caseName}'");
    }

    private static bool RunCase(GoldenFolder folder, string name, TextWriter output)
    {
        var runnable = Runnable.FirstOrDefault(candidate => candidate.Name == name);
        if (runnable is null)
        {
            output.WriteLine($"{name}: FAILED, this version cannot run it yet");
            return false;
        }

        output.WriteLine($"{name}:");
        var comparison = new GoldenComparison(output);
        runnable.Run(folder, comparison);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {(comparison.Failed == 0 ? "passed" : $"FAILED {comparison.Failed} of")} {comparison.Compared} comparisons, largest error {comparison.Worst.Error:0.00E+00} ({comparison.Worst.Name})"));
        return comparison.Failed == 0;
    }
}
