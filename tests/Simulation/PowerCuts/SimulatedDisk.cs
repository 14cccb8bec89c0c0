using MiniMind.Coordinator.Storage;

namespace MiniMind.Simulation.PowerCuts;

/// <summary>
/// A disk in memory that keeps to the letter of POSIX and not one promise more: what was written is seen by all at once; after a power cut only what was flushed
/// is certain. Bytes may be lost, torn anywhere or be zeros, names may be lost or changed in any order. It can stop within any written byte.
/// </summary>
internal sealed class SimulatedDisk : IDisk
{
    private readonly List<int> _operations = [];
    private FolderNode _root = new(0);
    private long _ids;
    private long _used;
    private long _stop = long.MaxValue;

    /// <summary>Whether it stopped and was not started again.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Called when it stops by itself, before the operation fails.</summary>
    public Action? Stopping { get; set; }

    /// <summary>Sizes of the operations so far: of a write its bytes, of all others 1.</summary>
    public IReadOnlyList<int> Operations => _operations;

    /// <summary>Lets it stop after so many more written bytes and other operations.</summary>
    public void StopAfter(long units) => _stop = _used + units;

    /// <summary>It does not stop by itself any more.</summary>
    public void GoOn() => _stop = long.MaxValue;

    /// <summary>Nothing more happens on it.</summary>
    public void Stop() => Stopped = true;

    /// <summary>The process died, but the system did not: the next one finds all that was written.</summary>
    public void Restart()
    {
        Stopped = false;
        GoOn();
    }

    /// <summary>The power was cut: the next process finds what happened to reach the disk.</summary>
    public void CutPower(Random random)
    {
        var copies = new Dictionary<long, DiskNode>();
        _root = (FolderNode)Remains(_root, random, copies);
        Restart();
    }

    public bool FileExists(string path) => Find(path) is FileNode or LinkNode;

    public bool FolderExists(string path) => Find(path) is FolderNode;

    public long? SizeOf(string path) => (Find(path) as FileNode)?.Length;

    /// <summary>What of a file would survive a power cut; nothing when there is none.</summary>
    public ReadOnlySpan<byte> Flushed(string path) => Find(path) is FileNode file ? file.Durable : default;

    public IEnumerable<string> FilesIn(string folder) => Folder(folder).Entries.Where(entry => entry.Value is not FolderNode).Select(entry => Path.Combine(folder, entry.Key));

    public IEnumerable<string> FoldersIn(string folder) =>
        Folder(folder).Entries.Where(entry => entry.Value is FolderNode).Select(entry => Path.Combine(folder, entry.Key)).ToList();

    public Stream OpenRead(string path) => new MemoryStream(File(path).Content, writable: false);

    public Stream Create(string path)
    {
        if (Find(path) is not null) throw new IOException($"{path} is there already");
        Operate();
        return new SimulatedFile(this, Add(path, new FileNode(++_ids)));
    }

    public Stream Append(string path)
    {
        if (Find(path) is null) return Create(path);
        return new SimulatedFile(this, File(path));
    }

    public void Flush(Stream file)
    {
        Operate();
        ((SimulatedFile)file).Node.Flush();
    }

    public void Truncate(string path, long length)
    {
        Operate();
        File(path).Truncate((int)length);
        Operate();
        File(path).Flush();
    }

    public void Rename(string from, string to)
    {
        var node = Find(from) ?? throw new FileNotFoundException($"{from} is not there", from);
        if (Find(to) is FolderNode) throw new IOException($"{to} is there already");
        Operate();
        var (source, target) = (Around(from), Around(to));
        var (gone, made) = ((Path.GetFileName(from), (DiskNode?)null), (Path.GetFileName(to), (DiskNode?)node));
        if (source == target)
        {
            source.Change(gone, made);
            return;
        }
        target.Change(made);
        source.Change(gone);
    }

    public void Delete(string path)
    {
        if (Find(path) is null) return;
        Operate();
        Around(path).Change((Path.GetFileName(path), null));
    }

    public void Link(string path, string target)
    {
        if (Find(path) is not null) throw new IOException($"{path} is there already");
        Operate();
        Add(path, new LinkNode(++_ids, target));
    }

    public string? TargetOf(string link) => (Find(link) as LinkNode)?.Target;

    public void CreateFolder(string path)
    {
        if (Find(path) is not null) throw new IOException($"{path} is there already");
        Operate();
        Add(path, new FolderNode(++_ids));
    }

    public void DeleteFolder(string path)
    {
        foreach (var folder in FoldersIn(path)) DeleteFolder(folder);
        foreach (var file in FilesIn(path).ToList()) Delete(file);
        Delete(path);
    }

    public void FlushFolder(string path)
    {
        Operate();
        Folder(path).Flush();
    }

    /// <summary>All files and links below a folder, by their paths in it; folders count with what is in them.</summary>
    public SortedDictionary<string, byte[]> ContentOf(string folder)
    {
        var all = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        Collect(Folder(folder), "");
        return all;

        void Collect(FolderNode node, string path)
        {
            foreach (var (name, entry) in node.Entries)
            {
                if (entry is FolderNode inner) Collect(inner, path + name + "/");
                else all[path + name] = entry is FileNode file ? file.Content : System.Text.Encoding.UTF8.GetBytes("-> " + ((LinkNode)entry).Target);
            }
        }
    }

    /// <summary>Copies a folder to the system's disk, for those who read there.</summary>
    public void CopyTo(string folder, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var (name, entry) in Folder(folder).Entries)
        {
            var path = Path.Combine(target, name);
            if (entry is FolderNode) CopyTo(Path.Combine(folder, name), path);
            else if (entry is LinkNode link) System.IO.File.CreateSymbolicLink(path, link.Target);
            else System.IO.File.WriteAllBytes(path, ((FileNode)entry).Content);
        }
    }

    private void Write(FileNode node, ReadOnlySpan<byte> bytes)
    {
        if (Stopped) throw new DiskStoppedException();
        var count = (int)Math.Min(bytes.Length, Math.Max(0, _stop - _used));
        node.Append(bytes[..count]);
        _used += count;
        _operations.Add(bytes.Length);
        if (count < bytes.Length) Break();
    }

    private void Operate()
    {
        if (Stopped) throw new DiskStoppedException();
        if (_used >= _stop) Break();
        _used++;
        _operations.Add(1);
    }

    private void Break()
    {
        Stopped = true;
        Stopping?.Invoke();
        throw new DiskStoppedException();
    }

    private DiskNode? Find(string path)
    {
        if (Stopped) throw new DiskStoppedException();
        DiskNode? node = _root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries)) node = (node as FolderNode)?.Find(name);
        return node;
    }

    private FileNode File(string path) => Find(path) as FileNode ?? throw new FileNotFoundException($"{path} is not there", path);

    private FolderNode Folder(string path) => Find(path) as FolderNode ?? throw new DirectoryNotFoundException($"{path} is not there");

    private FolderNode Around(string path) => Folder(Path.GetDirectoryName(path)!);

    private T Add<T>(string path, T node) where T : DiskNode
    {
        Around(path).Change((Path.GetFileName(path), node));
        return node;
    }

    private static DiskNode Remains(DiskNode node, Random random, Dictionary<long, DiskNode> copies)
    {
        if (copies.TryGetValue(node.Id, out var known)) return known;
        if (node is LinkNode) return node;
        if (node is FileNode file) return copies[node.Id] = FileNode.Holding(node.Id, file.AfterPowerCut(random));
        var folder = new FolderNode(node.Id);
        copies[node.Id] = folder;
        foreach (var (name, entry) in ((FolderNode)node).AfterPowerCut(random)) folder.Restore(name, Remains(entry, random, copies));
        return folder;
    }

    private sealed class SimulatedFile(SimulatedDisk disk, FileNode node) : Stream
    {
        public FileNode Node => node;

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => node.Length;

        public override long Position
        {
            get => node.Length;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => disk.Write(node, buffer);

        public override void Write(byte[] buffer, int offset, int count) => disk.Write(node, buffer.AsSpan(offset, count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            disk.Write(node, buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            disk.Write(node, buffer.AsSpan(offset, count));
            return Task.CompletedTask;
        }

        public override void Flush() { }
        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
