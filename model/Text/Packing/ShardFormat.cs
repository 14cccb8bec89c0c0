using System.Buffers.Binary;

namespace MiniMind.Text.Packing;

/// <summary>
/// Layout of a shard, all little-endian, ids of 2 bytes when the vocabulary fits and 4 otherwise:
/// <list type="number">
/// <item>header, 64 bytes: magic, version, sequence length T, sequences N, vocabulary bound, documents D; the rest zero;</item>
/// <item>N rows: T token ids, then a target mask of ceil(T/8) bytes (slot i is bit i mod 8 of byte i/8);</item>
/// <item>index, (N+1) × u64: the first document of each sequence, and D;</item>
/// <item>D entries: first slot (u32), closing id (u32).</item>
/// </list>
/// A target is the next slot's token; at a document's last slot it is the document's closing id.
/// </summary>
internal readonly record struct ShardFormat(int SequenceLength, int VocabularyBound, long Sequences, long Documents)
{
    public const int HeaderSize = 64;
    public const int DocumentSize = 8;
    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "MMSHARD\n"u8;

    public int IdSize => VocabularyBound <= 1 << 16 ? 2 : 4;

    public int MaskSize => (SequenceLength + 7) / 8;

    public int RowSize => SequenceLength * IdSize + MaskSize;

    public long IndexOffset => HeaderSize + Sequences * RowSize;

    public long DocumentsOffset => IndexOffset + (Sequences + 1) * sizeof(ulong);

    public long FileSize => DocumentsOffset + Documents * DocumentSize;

    public byte[] ToHeader()
    {
        var header = new byte[HeaderSize];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), SequenceLength);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), Sequences);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(24), VocabularyBound);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), Documents);
        return header;
    }

    /// <exception cref="InputException">No shard, another version, or sizes that do not add up to the file's.</exception>
    public static ShardFormat FromHeader(ReadOnlySpan<byte> header, long fileSize, string path)
    {
        if (header.Length < HeaderSize || !header.StartsWith(Magic))
            throw new InputException($"{path}: expected a shard, found a file that does not begin like one.");
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        if (version != Version) throw new InputException($"{path}: expected shard version {Version}, found {version}. Ingest the data again.");
        var format = new ShardFormat(
            BinaryPrimitives.ReadInt32LittleEndian(header[12..]), BinaryPrimitives.ReadInt32LittleEndian(header[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[16..]), BinaryPrimitives.ReadInt64LittleEndian(header[32..]));
        bool plausible = format is { SequenceLength: > 0, VocabularyBound: > 0, Sequences: >= 0, Documents: >= 0 }
            && format.Sequences <= fileSize && format.Documents <= fileSize;
        if (!plausible || format.FileSize != fileSize)
            throw new InputException($"{path}: the shard's header promises {(plausible ? format.FileSize : -1)} bytes, the file has {fileSize}: it is damaged.");
        return format;
    }
}
