using MiniMind.Text;
using MiniMind.Transformer.Formats;
using MiniMind.Transformer.Optimization;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Tests.Formats;

public sealed class OptimizerFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("optimizer").FullName;

    private string FilePath => Path.Combine(folder, OptimizerFile.FileName);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Training_goes_on_to_the_same_bits_after_a_round_trip()
    {
        using var straight = Sample.State();
        using var resumed = Sample.State(seed: 99);
        Step(straight, 1);
        HuggingFaceFolder.Write(straight, folder, []);
        OptimizerFile.Write(FilePath, straight.FirstMomentMemory, straight.SecondMomentMemory, straight.OptimizerStep);

        HuggingFaceFolder.Load(resumed, folder);
        OptimizerFile.Load(resumed, FilePath);
        Step(straight, 2);
        Step(resumed, 2);

        Assert.Equal(2, resumed.OptimizerStep);
        Assert.Equal(WeightsDigest.Compute([straight.ParametersMemory]), WeightsDigest.Compute([resumed.ParametersMemory]));
    }

    [Fact]
    public void Moments_of_another_model_are_refused()
    {
        using var state = Sample.State();
        OptimizerFile.Write(FilePath, new float[3], new float[3], 1);

        var failure = Assert.Throws<InputException>(() => OptimizerFile.Load(state, FilePath));

        Assert.Contains($"first_moment: expected F32 [{state.Count}], found F32 [3]", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_step_is_refused()
    {
        using var state = Sample.State();
        SafetensorsWriter.Write(FilePath,
            [new TensorToWrite("first_moment", [state.Count], state.FirstMomentMemory), new TensorToWrite("second_moment", [state.Count], state.SecondMomentMemory)]);

        var failure = Assert.Throws<InputException>(() => OptimizerFile.Load(state, FilePath));

        Assert.Contains("expected optimizer_step in the metadata, found none", failure.Message, StringComparison.Ordinal);
    }

    private static void Step(TrainingState state, int seed)
    {
        state.ZeroGradient();
        var sums = LanguageModelStep.ForwardBackward(state, Sample.Packed(seed));
        AdamW.Apply(state, sums.Targets, 1e-3, new AdamWOptions());
    }
}
