using MiniMind.Text.Packing;

namespace MiniMind.Text.Tests.Packing;

public sealed class ShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static List<PackedSequence> Sequences(int length)
    {
        var packer = new SequencePacker(new PackingOptions { SequenceLength = length, WindowPieces = 16 });
        return [.. RandomDocuments.Make(2, 100, 50).SelectMany(packer.Add), .. packer.Finish()];
    }

    private string Write(IEnumerable<PackedSequence> sequences, int length, int vocabularyBound)
    {
        string path = _folder.File($"{length}-{vocabularyBound}.shard");
        using var writer = new ShardWriter(path, length, vocabularyBound);
        foreach (var sequence in sequences) writer.Write(sequence);
        writer.Complete();
        Assert.Equal(writer.Size, new FileInfo(path).Length);
        return path;
    }

    [Theory]
    [InlineData(16, 6400)]
    [InlineData(37, 65536)]
    [InlineData(37, 65537)]
    public void Read_gives_what_was_written(int length, int vocabularyBound)
    {
        var sequences = Sequences(length);
        using var reader = ShardReader.Open(Write(sequences, length, vocabularyBound));
        Assert.Equal((sequences.Count, length, vocabularyBound), (reader.Count, reader.SequenceLength, reader.VocabularyBound));
        foreach (int index in Enumerable.Range(0, sequences.Count).Reverse())
        {
            var read = reader.Read(index);
            Assert.Equal(sequences[index].Tokens, read.Tokens);
            Assert.Equal(sequences[index].Targets, read.Targets);
            Assert.Equal(sequences[index].DocumentStarts, read.DocumentStarts);
        }
    }

    [Fact]
    public void Read_outside_the_shard_is_refused()
    {
        using var reader = ShardReader.Open(Write(Sequences(16), 16, 6400));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(reader.Count));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(-1));
    }

    [Fact]
    public void Open_truncated_or_foreign_files_are_refused_by_name()
    {
        string path = Write(Sequences(16), 16, 6400);
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..^1]);
        Assert.Contains($"the file has {bytes.Length - 1}", Assert.Throws<InputException>(() => ShardReader.Open(path)).Message);
        File.WriteAllText(path, "no shard at all");
        Assert.StartsWith(path, Assert.Throws<InputException>(() => ShardReader.Open(path)).Message);
        Assert.Contains("found no file", Assert.Throws<InputException>(() => ShardReader.Open(_folder.File("absent"))).Message);
    }

    [Fact]
    public void Open_unfinished_shard_is_refused()
    {
        string path = _folder.File("unfinished.shard");
        using (var writer = new ShardWriter(path, 16, 6400)) writer.Write(Sequences(16)[0]);
        Assert.Throws<InputException>(() => ShardReader.Open(path));
    }

    [Fact]
    public void Open_other_version_says_so()
    {
        string path = Write(Sequences(16), 16, 6400);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[8] = 9;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("expected shard version 1, found 9", Assert.Throws<InputException>(() => ShardReader.Open(path)).Message);
    }

    [Fact]
    public void Read_flipped_id_outside_the_vocabulary_names_the_sequence()
    {
        string path = Write(Sequences(16), 16, 6400);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[64 + 1] = 0xFF;
        File.WriteAllBytes(path, bytes);
        using var reader = ShardReader.Open(path);
        Assert.Contains("sequence 0 is damaged", Assert.Throws<InputException>(() => reader.Read(0)).Message);
    }

    [Fact]
    public void Write_sequences_that_break_the_rules_are_refused()
    {
        using var writer = new ShardWriter(_folder.File("rules.shard"), 3, 10);
        void Refused(int[] tokens, int[] targets, int[] starts) =>
            Assert.Throws<ArgumentException>(() => writer.Write(new PackedSequence { Tokens = tokens, Targets = targets, DocumentStarts = starts }));
        Refused([1, 2], [2, -1], [0]);
        Refused([1, 2, 10], [-1, -1, -1], [0]);
        Refused([1, 2, 3], [2, 3, 10], [0]);
        Refused([1, 2, 3], [3, -1, -1], [0]);
        Refused([1, 2, 3], [-1, -1, -1], [1]);
        Refused([1, 2, 3], [-1, -1, -1], [0, 3]);
        Refused([1, 2, 3], [-1, -1, -1], [0, 2, 2]);
    }

    [Fact]
    public void Manifest_survives_json_and_contradictions_are_refused()
    {
        var manifest = new ShardManifest
        {
            SequenceLength = 10,
            VocabularyBound = 20,
            Shards = [new ShardEntry("a.shard", "00", 5, 2), new ShardEntry("b.shard", "11", 6, 1)],
            Totals = new PackingTotals { Documents = 4, Sequences = 3, Tokens = 24, Targets = 20, Dropped = 1, Cut = 2 },
        };
        var read = ShardManifest.FromJson(manifest.ToJson(), "here");
        Assert.Equal(manifest.Shards, read.Shards);
        Assert.Equal((manifest.Totals, 3L, 0.8), (read.Totals, read.Sequences, read.Fill));
        string wrong = manifest.ToJson().Replace("\"sequences\": 2", "\"sequences\": 7", StringComparison.Ordinal);
        Assert.Contains("here: expected a shard manifest", Assert.Throws<InputException>(() => ShardManifest.FromJson(wrong, "here")).Message);
        Assert.Throws<InputException>(() => ShardManifest.FromJson("{}", "here"));
    }
}
