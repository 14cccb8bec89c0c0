using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Grains;

public sealed class CheckpointFoldersTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly RunFolder _run;
    private readonly ArtifactStore _store;
    private readonly CheckpointFolders _folders;

    public CheckpointFoldersTests()
    {
        _run = new RunFolder(_temporary.Path);
        _store = new ArtifactStore(_run.Artifacts);
        _folders = new CheckpointFolders(_run, _store);
    }

    public void Dispose() => _temporary.Dispose();

    private async Task<ArtifactRef> PutAsync(string name, string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        await _store.PutAsync(new MemoryStream(bytes), sha256, bytes.Length);
        return new ArtifactRef { Name = name, Sha256 = sha256, Size = bytes.Length };
    }

    private async Task<CheckpointRecord> AssembleAsync(long step, string weights)
    {
        var written = new CheckpointWritten { Step = step, LedgerHash = "ab" };
        written.Files.Add(await PutAsync("model.safetensors", weights));
        written.Files.Add(await PutAsync("tokenizer.json", "shared by all"));
        await _folders.AssembleAsync("sft", written);
        return new CheckpointRecord { Step = step, Folder = _folders.RelativePathOf("sft", step), Written = written.ToByteArray() };
    }

    /// <summary>A coordinator that stood still goes on with the folder that another one assembles by then.</summary>
    [Fact]
    public async Task A_folder_that_another_one_has_completed_meanwhile_is_kept()
    {
        var written = new CheckpointWritten { Step = 20, LedgerHash = "ab", Files = { await PutAsync("model.safetensors", "weights") } };
        var target = Path.Combine(_run.Checkpoints, "sft-20");
        var disk = OvertakenDisk.Create(() =>
        {
            Directory.CreateDirectory(target);
            File.WriteAllText(Path.Combine(target, CheckpointFolders.ManifestFile), "the other one's");
        });

        await new CheckpointFolders(_run, _store, disk).AssembleAsync("sft", written);

        Assert.Equal(target, Assert.Single(Directory.GetDirectories(_run.Checkpoints)));
        Assert.Equal("the other one's", File.ReadAllText(Path.Combine(target, CheckpointFolders.ManifestFile)));
    }

    [Fact]
    public async Task Assembly_gives_a_folder_with_a_manifest_of_all_hashes()
    {
        var record = await AssembleAsync(20, "weights");
        var folder = Path.Combine(_run.Root, record.Folder);
        Assert.Equal(Path.Combine("checkpoints", "sft-20"), record.Folder);
        Assert.Equal("weights", File.ReadAllText(Path.Combine(folder, "model.safetensors")));
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, CheckpointFolders.ManifestFile)));
        Assert.Equal(20, manifest.RootElement.GetProperty("step").GetInt64());
        foreach (var file in manifest.RootElement.GetProperty("files").EnumerateObject())
        {
            var content = File.ReadAllBytes(Path.Combine(folder, file.Name));
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), file.Value.GetProperty("sha256").GetString());
            Assert.Equal(content.Length, file.Value.GetProperty("size").GetInt64());
        }
        // Nothing but the finished folder is left.
        Assert.Equal([folder], Directory.GetFileSystemEntries(_run.Checkpoints));
    }

    [Fact]
    public async Task Assembly_again_keeps_the_complete_folder()
    {
        var record = await AssembleAsync(20, "weights");
        var file = Path.Combine(_run.Root, record.Folder, "model.safetensors");
        File.WriteAllText(file, "marked");
        await AssembleAsync(20, "weights");
        Assert.Equal("marked", File.ReadAllText(file));
    }

    [Fact]
    public async Task Assembly_from_a_damaged_artifact_is_refused_by_name_and_leaves_no_folder()
    {
        var file = await PutAsync("model.safetensors", "weights");
        File.WriteAllText(_store.PathOf(file.Sha256), "damage!");
        var fault = await Assert.ThrowsAsync<InvalidDataException>(
            () => _folders.AssembleAsync("sft", new CheckpointWritten { Step = 20, Files = { file } }));
        Assert.Contains("model.safetensors", fault.Message, StringComparison.Ordinal);
        Assert.Contains(file.Sha256, fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_run.Checkpoints));
    }

    [Fact]
    public async Task Assembly_without_an_artifact_leaves_no_folder()
    {
        var missing = new ArtifactRef { Name = "model.safetensors", Sha256 = new string('0', 64), Size = 1 };
        await Assert.ThrowsAsync<FileNotFoundException>(() => _folders.AssembleAsync("sft", new CheckpointWritten { Step = 20, Files = { missing } }));
        Assert.Empty(Directory.GetFileSystemEntries(_run.Checkpoints));
    }

    /// <summary>A coordinator that was killed between copying and renaming.</summary>
    [Fact]
    public async Task Assembly_does_not_mind_the_remains_of_another_that_was_killed()
    {
        Directory.CreateDirectory(Path.Combine(_run.Checkpoints, ".sft-20.remains"));
        var record = await AssembleAsync(20, "weights");
        Assert.True(File.Exists(Path.Combine(_run.Root, record.Folder, CheckpointFolders.ManifestFile)));
    }

    [Fact]
    public async Task Link_points_to_the_newest_and_is_never_absent_while_it_is_replaced()
    {
        var (first, second) = (await AssembleAsync(20, "one"), await AssembleAsync(40, "two"));
        CheckpointFolders.Link(_run.Latest, first.Folder);
        using var done = new CancellationTokenSource();
        var seen = 0;
        var reading = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                Assert.Contains(File.ReadAllText(Path.Combine(_run.Latest, "model.safetensors")), (string[])["one", "two"]);
                Interlocked.Increment(ref seen);
            }
        });
        for (var i = 0; i < 200 || Volatile.Read(ref seen) < 50; i++)
        {
            Assert.False(reading.IsFaulted, reading.Exception?.ToString());
            CheckpointFolders.Link(_run.Latest, (i % 2 == 0 ? second : first).Folder);
        }
        await done.CancelAsync();
        await reading;
        CheckpointFolders.Link(_run.Latest, second.Folder);
        Assert.Equal(second.Folder, new DirectoryInfo(_run.Latest).LinkTarget);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_run.Root), path => Path.GetFileName(path).StartsWith("latest.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Delete_removes_the_folder_and_what_nothing_else_needs()
    {
        var (old, kept) = (await AssembleAsync(20, "one"), await AssembleAsync(40, "two"));
        var (oldFiles, keptFiles) = (FilesOf(old), FilesOf(kept));
        _folders.Delete(old, [kept]);
        Assert.False(Directory.Exists(Path.Combine(_run.Root, old.Folder)));
        Assert.False(_store.Exists(oldFiles[0].Sha256));
        Assert.All(keptFiles, file => Assert.True(_store.Exists(file.Sha256)));
        // Again, as after a crash in the middle.
        _folders.Delete(old, [kept]);
        Assert.True(File.Exists(Path.Combine(_run.Root, kept.Folder, CheckpointFolders.ManifestFile)));
    }

    [Fact]
    public async Task Repair_deletes_what_is_not_recorded_and_sets_the_links()
    {
        var (first, second) = (await AssembleAsync(20, "one"), await AssembleAsync(40, "two"));
        first.Best = true;
        await AssembleAsync(30, "never recorded");
        Directory.CreateDirectory(Path.Combine(_run.Checkpoints, ".sft-50.remains"));
        CheckpointFolders.Link(_run.Latest, first.Folder);

        _folders.Repair([first, second]);

        Assert.Equal(["sft-20", "sft-40"], Directory.GetFileSystemEntries(_run.Checkpoints).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("two", File.ReadAllText(Path.Combine(_run.Latest, "model.safetensors")));
        Assert.Equal("one", File.ReadAllText(Path.Combine(_run.Best, "model.safetensors")));
    }

    /// <summary>A coordinator that was killed before it had recorded one checkpoint, or had deleted another.</summary>
    [Fact]
    public async Task Repair_deletes_the_artifacts_of_what_is_superseded_and_keeps_those_of_what_will_be_reported_again()
    {
        var (superseded, newest, unrecorded) = (await AssembleAsync(20, "one"), await AssembleAsync(40, "two"), await AssembleAsync(60, "three"));
        File.CreateSymbolicLink(_run.Latest + ".0123.tmp", newest.Folder);

        _folders.Repair([newest]);

        Assert.False(_store.Exists(FilesOf(superseded)[0].Sha256));
        Assert.True(_store.Exists(FilesOf(superseded)[1].Sha256));
        Assert.All(FilesOf(newest).Concat(FilesOf(unrecorded)), file => Assert.True(_store.Exists(file.Sha256)));
        Assert.Equal([_run.Latest], Directory.GetFileSystemEntries(_run.Root, "latest*"));
        // The next report of it finds all that it needs.
        await _folders.AssembleAsync("sft", CheckpointWritten.Parser.ParseFrom(unrecorded.Written));
    }

    [Fact]
    public async Task Delete_keeps_artifacts_that_another_checkpoint_shares()
    {
        var (old, kept) = (await AssembleAsync(20, "same"), await AssembleAsync(40, "same"));
        _folders.Delete(old, [kept]);
        Assert.All(FilesOf(kept), file => Assert.True(_store.Exists(file.Sha256)));
    }

    private static ArtifactRef[] FilesOf(CheckpointRecord record) => [.. CheckpointWritten.Parser.ParseFrom(record.Written).Files];

    /// <summary>The system's disk, on which somebody else is faster.</summary>
    public class OvertakenDisk : DispatchProxy
    {
        private Action? _overtake;

        /// <param name="overtake">Happens before the first file or folder gets its name.</param>
        public static IDisk Create(Action overtake)
        {
            var disk = Create<IDisk, OvertakenDisk>();
            ((OvertakenDisk)(object)disk)._overtake = overtake;
            return disk;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod!.Name == nameof(IDisk.Rename)) Interlocked.Exchange(ref _overtake, null)?.Invoke();
            return targetMethod.Invoke(SystemDisk.Instance, BindingFlags.DoNotWrapExceptions, null, args, null);
        }
    }
}
