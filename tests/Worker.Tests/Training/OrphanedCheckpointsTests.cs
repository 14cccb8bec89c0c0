using System.Text;
using MiniMind.Protos;
using MiniMind.Worker.Tests.Artifacts;
using MiniMind.Worker.Training;

namespace MiniMind.Worker.Tests.Training;

public sealed class OrphanedCheckpointsTests : IDisposable
{
    private const string Identity = "the run's";

    private readonly TempFolder _folder = new();
    private readonly OrphanedCheckpoints _orphaned;

    public OrphanedCheckpointsTests() => _orphaned = new OrphanedCheckpoints(Root);

    private string Root => _folder.File("orphans/run");

    public void Dispose() => _folder.Dispose();

    private static Applied Applied(long step) => new() { Entry = new LedgerEntry { StageIndex = 1, Step = step } };

    private void Keep(long step)
    {
        var files = Directory.CreateDirectory(_folder.File($"checkpoint-{step}")).FullName;
        File.WriteAllText(Path.Combine(files, "model.safetensors"), $"weights of step {step}");
        File.WriteAllText(Path.Combine(files, "trainer.json"), $"{{\"identity\": \"{Identity}\"}}");
        _orphaned.Keep(files, new CheckpointWritten { StageIndex = 1, Step = step, LedgerHash = "ab" }, [Applied(step), Applied(step + 1)]);
    }

    [Fact]
    public void Checkpoint_that_was_kept_is_found_with_its_files_and_the_entries_up_to_it()
    {
        Keep(20);
        Keep(40);
        var (handover, files) = _orphaned.Newest(1, Identity)!.Value;
        Assert.Equal((40, "ab"), (handover.Checkpoint.Step, handover.Checkpoint.LedgerHash));
        Assert.Equal(40, Assert.Single(handover.Applied).Entry.Step);
        Assert.Equal(["model.safetensors", "trainer.json"], files.Select(Path.GetFileName));
        Assert.Empty(handover.Checkpoint.Files);
    }

    [Fact]
    public void Checkpoint_that_a_power_cut_left_torn_at_any_byte_of_any_file_is_no_checkpoint_and_the_one_before_it_is_taken()
    {
        Keep(20);
        Keep(40);
        foreach (var path in Directory.GetFiles(Path.Combine(Root, "1-40")))
        {
            var whole = File.ReadAllBytes(path);
            for (var length = 0; length < whole.Length; length++)
            {
                File.WriteAllBytes(path, whole[..length]);
                Assert.Equal(20, _orphaned.Newest(1, Identity)!.Value.Handover.Checkpoint.Step);
            }
            File.Delete(path);
            Assert.Equal(20, _orphaned.Newest(1, Identity)!.Value.Handover.Checkpoint.Step);
            File.WriteAllBytes(path, whole);
        }
        File.WriteAllBytes(Path.Combine(Root, "1-40", "model.safetensors"), new byte[Encoding.UTF8.GetByteCount("weights of step 40")]);
        Assert.Equal(20, _orphaned.Newest(1, Identity)!.Value.Handover.Checkpoint.Step);
    }
}
