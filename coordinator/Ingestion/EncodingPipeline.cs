using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// Reads files in order and encodes batches of lines on several threads. Batches come out in the order of the files, whatever the threads
/// do; at most a few per thread are in memory.
/// </summary>
internal sealed class EncodingPipeline(IDocumentEncoder encoder, IReadOnlyList<SourcePass> passes, int threads)
{
    private const int BatchLines = 256;
    private const long BatchBytes = 1 << 20;

    /// <param name="firstPass">The reading to begin with.</param>
    /// <param name="from">Where in it to begin.</param>
    public async IAsyncEnumerable<EncodedBatch> RunAsync(int firstPass, LinePlace from, [EnumeratorCancellation] CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var batches = Channel.CreateBounded<Task<EncodedBatch>>(threads);
        var reading = Task.Run(() => ReadAsync(firstPass, from, batches.Writer, stop.Token), CancellationToken.None);
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

    private async Task ReadAsync(int firstPass, LinePlace from, ChannelWriter<Task<EncodedBatch>> writer, CancellationToken ct)
    {
        try
        {
            for (int pass = firstPass; pass < passes.Count; pass++)
                await ReadPassAsync(pass, pass == firstPass ? from : LinePlace.Start, writer, ct);
            writer.Complete();
        }
        catch (Exception fault)
        {
            writer.Complete(fault);
        }
    }

    private async Task ReadPassAsync(int pass, LinePlace from, ChannelWriter<Task<EncodedBatch>> writer, CancellationToken ct)
    {
        using var file = DataFile.Open(passes[pass].Path);
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
            await writer.WriteAsync(Task.Run(() => new EncodedBatch(pass, batch.ConvertAll(line => EncodedLine.From(line, encoder)), bytes), ct), ct);
        }
    }
}
