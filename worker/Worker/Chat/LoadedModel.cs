using MiniMind.Text;
using MiniMind.Text.Chat;
using MiniMind.Text.Tokenization;
using MiniMind.Transformer.Formats;
using MiniMind.Transformer.Generation;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;

namespace MiniMind.Worker.Chat;

/// <summary>A model folder, loaded for answering.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly TrainingState _state;

    private LoadedModel(TrainingState state, Tokenizer tokenizer)
    {
        _state = state;
        Tokenizer = tokenizer;
        Template = ChatTemplate.For(tokenizer);
        Generator = new TextGenerator(state.Decoder);
    }

    public Tokenizer Tokenizer { get; }

    public ChatTemplate Template { get; }

    public TextGenerator Generator { get; }

    /// <summary>Positions that the model was made for.</summary>
    public int MaxPositions => _state.Config.MaxPositions;

    /// <summary>Opens a Hugging Face folder, such as a checkpoint.</summary>
    /// <exception cref="InputException">No such folder, or files that do not fit together.</exception>
    public static LoadedModel Open(string folder, string device, int threads)
    {
        if (!Directory.Exists(folder))
            throw new InputException($"--model {folder}: expected the folder of a model, found no such folder; a run leaves its newest model in runs/NAME/latest");
        RefuseRun(folder);
        CheckpointManifest.Verify(folder);
        TorchRuntime.Initialize(threads, device);
        var tokenizer = Tokenizer.Load(folder);
        return new LoadedModel(HuggingFaceFolder.Open(folder, device, trainable: false), tokenizer);
    }

    /// <summary>Token ids of a conversation, ready for the assistant's next turn.</summary>
    public int[] Prompt(IReadOnlyList<ChatMessage> messages) =>
        Tokenizer.Encode(Template.Render(messages, addGenerationPrompt: true));

    /// <summary>A run's folder is close to the right one, but the models are deeper down.</summary>
    private static void RefuseRun(string folder)
    {
        // Written when a run begins; a model's folder has neither.
        if (File.Exists(Path.Combine(folder, "config.json")) || !Directory.Exists(Path.Combine(folder, "state"))) return;
        var latest = Path.Combine(folder, "latest");
        var models = Directory.Exists(latest) ? $"its newest model is {latest}" : "it has no model yet, because no checkpoint was written";
        throw new InputException($"--model {folder}: expected the folder of a model, found a run's folder; {models}");
    }

    public void Dispose() => _state.Dispose();
}
