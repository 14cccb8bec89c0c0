using System.Buffers.Binary;
using System.Security.Cryptography;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// "minimind data split": copies the lines of a file into one to train on and one that is held out. A line's side is decided by its bytes and the seed, so equal
/// lines are on one side, and another order of the file changes nothing.
/// </summary>
internal sealed class DataSplit(SplitOptions options)
{
    /// <summary>Lines of each side.</summary>
    public async Task<(long Training, long HeldOut)> RunAsync(CancellationToken ct)
    {
        OutputFiles.Require([("--train", options.Training), ("--held-out", options.HeldOut)], [options.File], options.Force);
        using var training = new LineOutput(options.Training);
        using var held = new LineOutput(options.HeldOut);
        await Task.Run(() => Deal(training, held, ct), ct);
        training.Finish();
        held.Finish();
        ct.ThrowIfCancellationRequested();
        LineOutput.Publish(training, held);
        return (training.Count, held.Count);
    }

    /// <summary>What came of it, for people.</summary>
    public IEnumerable<string> Describe(long training, long held)
    {
        yield return $"{options.Training}: {training:N0} lines";
        yield return $"{options.HeldOut}: {held:N0} lines";
        if (held == 0) yield return $"note: no line is held out: {options.Fraction} of so few lines may be none; give --count N or a larger --fraction (and --force)";
        if (training == 0) yield return "note: no line is left to train on: give --count N or a smaller --fraction (and --force)";
    }

    private void Deal(LineOutput training, LineOutput held, CancellationToken ct)
    {
        ulong below = options.Count is { } count ? BoundFor(count, ct) : Bound(options.Fraction);
        foreach (var line in Lines(ct)) (Draw(line) < below ? held : training).Add(line);
    }

    private IEnumerable<RawLine> Lines(CancellationToken ct)
    {
        using var file = DataFile.Open(options.File);
        foreach (var line in file.Lines())
        {
            ct.ThrowIfCancellationRequested();
            yield return line.Fault is null ? line : throw new InputException($"{options.File}:{line.Number}: {line.Fault}; mend the line first (minimind data check {options.File} --fix OUT)");
        }
    }

    /// <summary>The bound below which so many distinct lines lie: they are found by a first reading, which keeps that many numbers in memory.</summary>
    private ulong BoundFor(long count, CancellationToken ct)
    {
        var smallest = new SortedSet<ulong>();
        long lines = 0;
        foreach (var line in Lines(ct))
        {
            lines++;
            smallest.Add(Draw(line));
            if (smallest.Count > count + 1) smallest.Remove(smallest.Max);
        }

        return smallest.Count > count ? smallest.Max : throw new InputException($"{options.File}: expected more than {count:N0} different lines to hold so many out, found {lines:N0} lines");
    }

    private static ulong Bound(double fraction) => (ulong)(fraction * ulong.MaxValue);

    private ulong Draw(RawLine line)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        BinaryPrimitives.WriteUInt64LittleEndian(hash, options.Seed);
        sha.AppendData(hash[..sizeof(ulong)]);
        sha.AppendData(line.Bytes.Span);
        sha.GetHashAndReset(hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
