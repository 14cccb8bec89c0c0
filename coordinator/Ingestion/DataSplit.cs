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
        var outputs = new[] { options.Training, options.HeldOut };
        Refuse(outputs);
        ulong below = options.Count is { } count ? BoundFor(count) : Bound(options.Fraction);
        long[] counts = [0, 0];
        // Both appear, or neither of them.
        await AtomicFile.WriteAsync(options.Training, async training =>
        {
            await AtomicFile.WriteAsync(options.HeldOut, async held =>
            {
                foreach (var line in Lines())
                {
                    ct.ThrowIfCancellationRequested();
                    int side = Draw(line) < below ? 1 : 0;
                    var target = side == 1 ? held : training;
                    await target.WriteAsync(line.Bytes, ct);
                    target.WriteByte((byte)'\n');
                    counts[side]++;
                }
            }, ct);
        }, ct);
        return (counts[0], counts[1]);
    }

    private void Refuse(string[] outputs)
    {
        if (Path.GetFullPath(outputs[0]) == Path.GetFullPath(outputs[1])) throw new InputException($"{outputs[0]}: expected two different files to write to, found one twice");
        foreach (string output in outputs)
        {
            if (Path.GetFullPath(output) == Path.GetFullPath(options.File)) throw new InputException($"{output}: expected another file than the one that is read");
            if (DataFile.IsPlainText(output)) throw new InputException($"{output}: lines are written as JSON; expected a name such as train.jsonl, not one of a text file");
            if (File.Exists(output) && !options.Force) throw new InputException($"{output} is there already: give --force to replace it, or another name");
        }
    }

    private IEnumerable<RawLine> Lines()
    {
        using var file = DataFile.Open(options.File);
        foreach (var line in file.Lines())
            yield return line.Fault is null ? line : throw new InputException($"{options.File}:{line.Number}: {line.Fault}; mend the line first (minimind data check {options.File} --fix OUT)");
    }

    /// <summary>The bound below which so many distinct lines lie: they are found by a first reading, which keeps that many numbers in memory.</summary>
    private ulong BoundFor(long count)
    {
        var smallest = new SortedSet<ulong>();
        long lines = 0;
        foreach (var line in Lines())
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
