namespace MiniMind.Integration.Tests.Runs;

/// <summary>The bytes that every way through the same run must end with.</summary>
internal sealed record RunResult(byte[] Model, byte[] Optimizer, byte[] Trainer, byte[] Ledger)
{
    public static RunResult Read(string runFolder)
    {
        return new RunResult(Of("latest", "model.safetensors"), Of("latest", "optimizer.safetensors"), Of("latest", "trainer.json"), Of("ledger.jsonl"));

        byte[] Of(params string[] parts) => File.ReadAllBytes(Path.Combine([runFolder, .. parts]));
    }

    /// <summary>Asserts that another run ended with the same bytes.</summary>
    public void AssertSame(RunResult other)
    {
        Assert.Equal(Model, other.Model);
        Assert.Equal(Optimizer, other.Optimizer);
        Assert.Equal(Trainer, other.Trainer);
        Assert.Equal(Ledger, other.Ledger);
    }
}
