using MiniMind.Text.Configuration;
using MiniMind.Text.Tokenization;
using MiniMind.Transformer.Formats;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Chat;
using MiniMind.Worker.Tests.Artifacts;

namespace MiniMind.Worker.Tests.Chat;

/// <summary>A folder with a model that has learned nothing, and its tokenizer, loaded for answering.</summary>
internal sealed class SmallModel : IDisposable
{
    private readonly TempFolder _folder = new();

    public SmallModel(int maxPositions = 256)
    {
        TorchRuntime.Initialize(threads: 1);
        var options = new BpeTrainerOptions { SpecialTokens = SpecialToken.MiniMind3, VocabularySize = SpecialToken.MiniMind3.Count + 256 + 20 };
        BpeTrainer.Train(["the user asks the assistant", "assistant answers the user"], options).Save(_folder.File("tokenizer"));
        var tokenizer = Tokenizer.Load(_folder.File("tokenizer"));
        using var state = TrainingState.Create(new ModelConfig
        {
            HiddenSize = 16, Layers = 1, Heads = 2, KeyValueHeads = 1, FeedForwardSize = 24, VocabularySize = tokenizer.VocabularySize, MaxPositions = maxPositions,
        });
        state.Initialize(seed: 3);
        HuggingFaceFolder.Write(state, _folder.File("model"), tokenizer.Files);
        Loaded = LoadedModel.Open(_folder.File("model"), "cpu", threads: 1);
    }

    public LoadedModel Loaded { get; }

    public void Dispose()
    {
        Loaded.Dispose();
        _folder.Dispose();
    }
}
