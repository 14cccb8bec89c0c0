namespace MiniMind.Simulation.PowerCuts;

/// <summary>A file, folder or link, apart from its name.</summary>
/// <param name="Id">Order in which they were made.</param>
internal abstract record DiskNode(long Id);

/// <summary>A symbolic link.</summary>
internal sealed record LinkNode(long Id, string Target) : DiskNode(Id);

/// <summary>A file as processes see it, and what of it is on the disk.</summary>
internal sealed record FileNode(long Id) : DiskNode(Id)
{
    private const int LongestPiece = 64;

    private readonly List<Change> _pending = [];
    private byte[] _durable = [];
    private byte[] _bytes = [];

    private readonly record struct Change(int Offset, byte[]? Bytes);

    public int Length { get; private set; }

    /// <summary>What was flushed.</summary>
    public ReadOnlySpan<byte> Durable => _durable;

    /// <summary>What processes read.</summary>
    public byte[] Content => _bytes[..Length];

    public static FileNode Holding(long id, byte[] content) => new(id) { _durable = content, _bytes = content, Length = content.Length };

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        if (_bytes.Length < Length + bytes.Length) Array.Resize(ref _bytes, Math.Max(2 * Length, Length + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(Length));
        _pending.Add(new Change(Length, bytes.ToArray()));
        Length += bytes.Length;
    }

    public void Truncate(int length)
    {
        _pending.Add(new Change(length, null));
        _bytes = Content[..length];
        Length = length;
    }

    public void Flush()
    {
        if (_pending.Count == 0) return;
        _durable = Content;
        _pending.Clear();
    }

    /// <summary>Content that a power cut may leave: what was flushed, and of the rest any part.</summary>
    public byte[] AfterPowerCut(Random random)
    {
        if (_pending.Count == 0) return _durable;
        return random.Next(4) switch
        {
            0 => _durable,
            1 => Content,
            2 => Torn(random),
            _ => Holed(random),
        };
    }

    /// <summary>The changes up to one of them, and of that one its beginning.</summary>
    private byte[] Torn(Random random)
    {
        var image = new List<byte>(_durable);
        var whole = random.Next(_pending.Count);
        foreach (var change in _pending.Take(whole)) Apply(image, change.Offset, change.Bytes);
        if (_pending[whole] is { Bytes: { } bytes } last) Apply(image, last.Offset, bytes[..random.Next(bytes.Length + 1)]);
        return [.. image];
    }

    /// <summary>Pieces of the changes in any selection; zeros are where a longer file was never written.</summary>
    private byte[] Holed(Random random)
    {
        var image = new List<byte>(_durable);
        foreach (var (offset, bytes) in _pending)
        {
            if (bytes is null)
            {
                if (random.Next(2) == 0) Apply(image, offset, null);
                continue;
            }
            for (var at = 0; at < bytes.Length;)
            {
                var piece = Math.Min(1 + random.Next(LongestPiece), bytes.Length - at);
                if (random.Next(2) == 0) Apply(image, offset + at, bytes[at..(at + piece)]);
                at += piece;
            }
        }
        if (random.Next(2) == 0 && image.Count < Length) image.AddRange(new byte[Length - image.Count]);
        return [.. image];
    }

    private static void Apply(List<byte> image, int offset, byte[]? bytes)
    {
        if (bytes is null)
        {
            if (offset < image.Count) image.RemoveRange(offset, image.Count - offset);
            return;
        }
        if (image.Count < offset + bytes.Length) image.AddRange(new byte[offset + bytes.Length - image.Count]);
        for (var at = 0; at < bytes.Length; at++) image[offset + at] = bytes[at];
    }
}

/// <summary>A folder as processes see it, and which of its names are on the disk.</summary>
internal sealed record FolderNode(long Id) : DiskNode(Id)
{
    private readonly Dictionary<string, DiskNode> _entries = [];
    private readonly Dictionary<string, DiskNode> _durable = [];
    private readonly List<(string Name, DiskNode? Node)[]> _pending = [];

    /// <summary>What processes see, in the order in which it was made: names may be drawn by chance.</summary>
    public IEnumerable<KeyValuePair<string, DiskNode>> Entries => _entries.OrderBy(entry => entry.Value.Id);

    public DiskNode? Find(string name) => _entries.GetValueOrDefault(name);

    /// <summary>Names change together: a name gets a node, or none any more.</summary>
    public void Change(params (string Name, DiskNode? Node)[] names)
    {
        Apply(_entries, names);
        _pending.Add(names);
    }

    public void Flush()
    {
        foreach (var names in _pending) Apply(_durable, names);
        _pending.Clear();
    }

    /// <summary>Names that a power cut may leave: those that were flushed, and of the changes since any selection.</summary>
    public IEnumerable<KeyValuePair<string, DiskNode>> AfterPowerCut(Random random)
    {
        var image = new Dictionary<string, DiskNode>(_durable);
        var (mode, first) = (random.Next(4), random.Next(_pending.Count + 1));
        foreach (var (at, names) in _pending.Index())
        {
            var stays = mode switch { 0 => false, 1 => true, 2 => at < first, _ => random.Next(2) == 0 };
            if (stays) Apply(image, names);
        }
        return image.OrderBy(entry => entry.Value.Id);
    }

    /// <summary>A name as it is on the disk.</summary>
    public void Restore(string name, DiskNode node) => _entries[name] = _durable[name] = node;

    private static void Apply(Dictionary<string, DiskNode> entries, (string Name, DiskNode? Node)[] names)
    {
        foreach (var (name, node) in names)
        {
            if (node is null) entries.Remove(name);
            else entries[name] = node;
        }
    }
}
