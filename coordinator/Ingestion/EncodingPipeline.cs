using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// Reads files in order and encodes batches of lines on several threads. Batches come out in the order of the files, whatever the threads
/// do; at most a few per thread are in memory.
/// </summary>
internal sealed class EncodingPipeline(IDocumentEncoder encoder, int threads)
{
    private const int BatchLines = 256;
    private const long BatchBytes = 1 << 20;

    public async IAsyncEnumerable<EncodedBatch> RunAsync(IReadOnlyList<string> files, [EnumeratorCancellation] CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var batches = Channel.CreateBounded<Task<EncodedBatch>>(threads);
        var reading = Task.Run(() => ReadAsync(files, batches.Writer, stop.Token), CancellationToken.None);
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

    private async Task ReadAsync(IReadOnlyList<string> files, ChannelWriter<Task<EncodedBatch>> writer, CancellationToken ct)
    {
        try
        {
            foreach (string path in files)
            {
                await using var file = JsonLines.Open(path);
                var lines = new List<RawLine>(BatchLines);
                long bytes = 0;
                long sent = 0;
                foreach (var line in RawLines.Read(file, JsonLines.DefaultLongestLine))
                {
                    lines.Add(line);
                    bytes += line.Length;
                    if (lines.Count < BatchLines && bytes < BatchBytes) continue;
                    await SendAsync(path, lines, file.Position - sent);
                    (lines, bytes, sent) = (new List<RawLine>(BatchLines), 0, file.Position);
                }

                // The end may be blank lines, which come to nothing but bytes.
                if (file.Position > sent || lines.Count > 0) await SendAsync(path, lines, file.Position - sent);
            }

            writer.Complete();
        }
        catch (Exception fault)
        {
            writer.Complete(fault);
        }

        async Task SendAsync(string path, List<RawLine> lines, long bytes)
        {
            await writer.WaitToWriteAsync(ct);
            await writer.WriteAsync(Task.Run(() => Encode(path, lines, bytes), ct), ct);
        }
    }

    private EncodedBatch Encode(string path, List<RawLine> lines, long bytes) =>
        new(path, lines.ConvertAll(line => EncodedLine.From(line, encoder)), bytes);
}
