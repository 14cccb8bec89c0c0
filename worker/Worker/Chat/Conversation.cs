using System.Text;
using MiniMind.Text.Chat;
using MiniMind.Transformer.Generation;

namespace MiniMind.Worker.Chat;

/// <summary>A dialogue with a model: keeps what was said, and forgets the oldest turns when the model's positions run out.</summary>
internal sealed class Conversation(LoadedModel model, string? system, SamplingOptions sampling)
{
    private readonly List<ChatMessage> _turns = [];

    /// <summary>Starts anew.</summary>
    public void Clear() => _turns.Clear();

    /// <summary>Says something and streams the answer, never half a character.</summary>
    public IEnumerable<string> Say(string text, CancellationToken cancellation)
    {
        _turns.Add(new ChatMessage("user", text));
        var prompt = FittingPrompt();
        var decoder = model.Tokenizer.NewStreamingDecoder();
        var answer = new StringBuilder();
        var options = sampling with { StopIds = [model.Tokenizer.EndOfSequence, model.Tokenizer.Padding] };
        foreach (var id in model.Generator.Generate(prompt, options, cancellation))
        {
            var piece = decoder.Append(id);
            answer.Append(piece);
            if (piece.Length > 0) yield return piece;
        }
        var rest = decoder.Flush();
        answer.Append(rest);
        if (rest.Length > 0) yield return rest;
        _turns.Add(new ChatMessage("assistant", answer.ToString()));
    }

    private int[] FittingPrompt()
    {
        while (true)
        {
            IReadOnlyList<ChatMessage> messages = system is null ? _turns : [new ChatMessage("system", system), .. _turns];
            var prompt = model.Prompt(messages);
            if (prompt.Length + sampling.MaxNewTokens <= model.MaxPositions || _turns.Count < 3) return prompt;
            _turns.RemoveRange(0, 2);
        }
    }
}
