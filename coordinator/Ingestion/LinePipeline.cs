using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// Reads files in order and works on batches of lines on several threads. Batches come out in the order of the files, whatever the threads
/// do; at most a few per thread are in memory.
/// </summary>
/// <param name="files">Paths, in order; one may come several times.</param>
/// <param name="work">What is done to a line; called from several threads.</param>
/// <param name="threads">How many.</param>
internal sealed class LinePipeline<T>(IReadOnlyList<string> files, Func<RawLine, T> work, int threads)
{
    private const int BatchLines = 256;
    private const long BatchBytes = 1 << 20;

    /// <param name="firstFile">Index of the file to begin with.</param>
    /// <param name="from">Where in it to begin.</param>
    /// <param name="ct">Ends reading.</param>
    public async IAsyncEnumerable<LineBatch<T>> RunAsync(int firstFile, LinePlace from, [EnumeratorCancellation] CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var batches = Channel.CreateBounded<Task<LineBatch<T>>>(threads);
        var reading = Task.Run(() => ReadAsync(firstFile, from, batches.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var batch in batches.Reader.ReadAllAsync(ct)) yield return await batch;
        }
        finally
        {
            // Whoever stops listening must not leave the reader behind.
            await stop.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await reading;
    }

    private async Task ReadAsync(int firstFile, LinePlace from, ChannelWriter<Task<LineBatch<T>>> writer, CancellationToken ct)
    {
        try
        {
            for (int index = firstFile; index < files.Count; index++)
                await ReadFileAsync(index, index == firstFile ? from : LinePlace.Start, writer, ct);
            writer.Complete();
        }
        catch (Exception fault)
        {
            writer.Complete(fault);
        }
    }

    private async Task ReadFileAsync(int index, LinePlace from, ChannelWriter<Task<LineBatch<T>>> writer, CancellationToken ct)
    {
        using var file = DataFile.Open(files[index]);
        var lines = new List<RawLine>(BatchLines);
        long begin = from.Offset;
        long sent = 0;
        foreach (var line in file.Lines(from))
        {
            lines.Add(line);
            if (lines.Count < BatchLines && line.End - begin < BatchBytes) continue;
            await SendAsync(lines, file.Position - sent);
            (lines, begin, sent) = (new List<RawLine>(BatchLines), line.End, file.Position);
        }

        // The end may be blank lines, which come to nothing but bytes.
        if (file.Position > sent || lines.Count > 0) await SendAsync(lines, file.Position - sent);

        async Task SendAsync(List<RawLine> batch, long bytes)
        {
            await writer.WaitToWriteAsync(ct);
            await writer.WriteAsync(Task.Run(() => new LineBatch<T>(index, batch.ConvertAll(line => work(line)), bytes), ct), ct);
        }
    }
}

/// <summary>Lines of one file that are worked on together, on one thread.</summary>
/// <param name="File">Index of the file.</param>
/// <param name="Lines">In order; none in what ends a file with blank lines.</param>
/// <param name="Bytes">Read from the file, as it lies on the disk, since the batch before; all batches together are the whole file.</param>
internal sealed record LineBatch<T>(int File, IReadOnlyList<T> Lines, long Bytes);
