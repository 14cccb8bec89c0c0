using Google.Protobuf;
using MiniMind.Protos;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Audit;

public sealed class RunAuditTests : IAsyncLifetime
{
    private FinishedRun _run = null!;

    public async Task InitializeAsync() => _run = await FinishedRun.MakeAsync();

    public Task DisposeAsync()
    {
        _run.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_run_that_nobody_touched_is_sound()
    {
        var parts = await _run.AuditAsync();

        Assert.Equal("", await _run.FaultsAsync());
        Assert.Equal(["state", "artifacts", "ledger", "pretrain", "sft", "checkpoints", "membership"], parts.Select(part => part.Name));
        Assert.Contains("6 of 6 steps, none missing or twice; 2 epochs of 5 sequences", parts[3].Proven, StringComparison.Ordinal);
    }

    /// <summary>One bit of any byte of any file that counts.</summary>
    [Fact]
    public async Task A_changed_byte_is_found_wherever_it_is_and_its_file_is_named()
    {
        var files = Directory.GetFiles(_run.Folder.Root, "*", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/latest/", StringComparison.Ordinal) && !path.Contains("/best/", StringComparison.Ordinal)).ToList();
        Assert.Equal(16, files.Count);
        foreach (var path in files)
        {
            var content = await File.ReadAllBytesAsync(path);
            var stride = Math.Max(1, content.Length / 200);
            for (var at = 0; at < content.Length; at += stride)
            {
                await File.WriteAllBytesAsync(path, [.. content[..at], (byte)(content[at] ^ 1), .. content[(at + 1)..]]);
                Assert.Contains(Path.GetFileName(path), await _run.FaultsAsync(), StringComparison.Ordinal);
            }
            await File.WriteAllBytesAsync(path, content);
        }
        Assert.Equal("", await _run.FaultsAsync());
    }

    [Fact]
    public async Task A_byte_more_or_less_at_the_end_of_a_file_is_found()
    {
        foreach (var path in Directory.GetFiles(_run.Folder.Checkpoints, "*", SearchOption.AllDirectories).Append(_run.Folder.Membership))
        {
            var content = await File.ReadAllBytesAsync(path);
            await File.WriteAllBytesAsync(path, content[..^1]);
            Assert.Contains(Path.GetFileName(path), await _run.FaultsAsync(), StringComparison.Ordinal);
            await File.WriteAllBytesAsync(path, content);
        }
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        foreach (var path in Directory.GetFiles(_run.Folder.Artifacts, "*", SearchOption.AllDirectories).Append(_run.Folder.Ledger))
        {
            File.Move(path, path + ".away");
            Assert.Contains(path == _run.Folder.Ledger ? "ledger" : Path.GetFileName(path), await _run.FaultsAsync(), StringComparison.Ordinal);
            File.Move(path + ".away", path);
        }
    }

    [Fact]
    public async Task A_step_that_is_missing_is_found_though_the_chain_was_made_whole()
    {
        _run.Ledger.RemoveAt(3);
        _run.WriteLedger();
        Assert.Contains("step 4 of pretrain is missing", await _run.FaultsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_was_committed_twice_is_found()
    {
        _run.Ledger.Insert(2, _run.Ledger[1].Clone());
        _run.WriteLedger();
        Assert.Contains("ledger.jsonl:3: stage 0, step 2: it was committed in line 2 already", await _run.FaultsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ledger_without_its_last_step_is_found()
    {
        _run.Ledger.RemoveAt(_run.Ledger.Count - 1);
        _run.WriteLedger();
        Assert.Contains("the stage is complete, but its ledger ends at step 5 of 6", await _run.FaultsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_samples_than_the_order_gives_are_found()
    {
        (_run.Ledger[1].FirstSample, _run.Ledger[1].EndSample) = (0, 2);
        _run.WriteLedger();
        Assert.Contains("ledger.jsonl:2: step 2 of pretrain: expected the samples 2 to 3, found 0 to 1", await _run.FaultsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counts_that_the_samples_do_not_hold_are_found()
    {
        _run.Ledger[4].Sums.Targets++;
        _run.WriteLedger();
        Assert.Contains("ledger.jsonl:5: step 5 of pretrain: expected 2 sequences with ", await _run.FaultsAsync(), StringComparison.Ordinal);
    }

    /// <summary>Everything fits but the digest that the ranks computed when they trained.</summary>
    [Fact]
    public async Task Weights_that_were_not_trained_are_found_though_every_hash_was_made_to_fit()
    {
        var record = _run.Record.Checkpoints[^1];
        var written = CheckpointWritten.Parser.ParseFrom(record.Written);
        var weights = written.Files.Single(file => file.Name == "model.safetensors");
        var path = Path.Combine(_run.Folder.Root, record.Folder, weights.Name);
        var content = await File.ReadAllBytesAsync(path);
        content[^1] ^= 1;
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));
        await File.WriteAllBytesAsync(path, content);
        Directory.CreateDirectory(Path.Combine(_run.Folder.Artifacts, hash[..2]));
        await File.WriteAllBytesAsync(Path.Combine(_run.Folder.Artifacts, hash[..2], hash), content);
        weights.Sha256 = hash;
        record.Written = written.ToByteArray();
        await File.WriteAllBytesAsync(Path.Combine(_run.Folder.Root, record.Folder, "manifest.json"), Coordinator.Grains.CheckpointFolders.Manifest(written));
        await _run.StoreAsync();

        Assert.Equal("checkpoints/sft-6/model.safetensors: its weights are not those that step 6 ended with", await _run.FaultsAsync());
    }

    [Fact]
    public async Task Settings_that_were_changed_are_found()
    {
        _run.Record.Settings = _run.Record.Settings.Replace("\"seed\":7", "\"seed\":8", StringComparison.Ordinal);
        await _run.StoreAsync();
        var faults = await _run.FaultsAsync();
        Assert.Contains("the run's identity is not the hash of its settings", faults, StringComparison.Ordinal);
        Assert.Contains("expected the seed 8 as in the settings, found 7", faults, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_generation_that_was_struck_out_is_found()
    {
        await File.WriteAllLinesAsync(_run.Folder.Membership, File.ReadAllLines(_run.Folder.Membership).Take(1));
        Assert.Contains("membership.jsonl: its newest generation is 1, that of the run's state 2", await _run.FaultsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_the_manifest_does_not_know_and_a_link_elsewhere_are_found()
    {
        await File.WriteAllTextAsync(Path.Combine(_run.Folder.Latest, "extra"), "");
        File.Delete(_run.Folder.Best);
        File.CreateSymbolicLink(_run.Folder.Best, "checkpoints/pretrain-6");
        var faults = await _run.FaultsAsync();
        Assert.Contains("checkpoints/sft-6/extra: the manifest knows no such file", faults, StringComparison.Ordinal);
        Assert.Contains("best: expected a link to checkpoints/sft-6, found checkpoints/pretrain-6", faults, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0 of 6 steps so far, none missing or twice")]
    [InlineData(2, "2 of 6 steps so far, none missing or twice; epoch 1 of 2 begun, 4 of 5 sequences taken, none twice")]
    [InlineData(4, "4 of 6 steps so far, none missing or twice; 1 of 2 epochs whole, each of the 5 sequences once in them; epoch 2 of 2 begun, 2 of 5 sequences taken, none twice")]
    public async Task An_unfinished_run_says_what_is_proved_so_far_and_what_has_not_begun(int steps, string proven)
    {
        await _run.UnfinishAsync(steps);

        var parts = await _run.AuditAsync();

        Assert.Equal("", await _run.FaultsAsync());
        Assert.Equal([("pretrain", proven, $"pretrain after {steps} of 6 steps"), ("sft", "not begun", "sft not begun")], parts.Skip(3).Take(2).Select(part => (part.Name, part.Proven, part.Open)));
    }

    [Fact]
    public async Task A_run_that_stands_in_the_middle_of_a_stage_is_sound_and_a_folder_without_a_run_is_none()
    {
        _run.Record.CompletedStages.Remove(1);
        _run.Record.Checkpoints.RemoveAt(1);
        await _run.StoreAsync();
        foreach (var link in new[] { _run.Folder.Latest, _run.Folder.Best })
        {
            File.Delete(link);
            File.CreateSymbolicLink(link, "checkpoints/pretrain-6");
        }
        _run.Ledger.RemoveRange(9, 3);
        _run.WriteLedger();
        await File.AppendAllTextAsync(_run.Folder.Ledger, "{\"previous\":");

        var parts = await _run.AuditAsync();
        Assert.Equal("", await _run.FaultsAsync());
        Assert.Null(parts[3].Open);
        Assert.Equal("3 of 6 steps so far, none missing or twice; 1 of 2 epochs whole, each of the 5 sequences once in them", parts[4].Proven);
        Assert.Equal("sft after 3 of 6 steps", parts[4].Open);
        Directory.Delete(_run.Folder.State, recursive: true);
        Assert.Contains("no state of one in it", (await Assert.ThrowsAsync<InputException>(_run.AuditAsync)).Message, StringComparison.Ordinal);
    }
}
