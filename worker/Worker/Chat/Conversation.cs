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

    /// <summary>
    /// Says something and streams the answer, never half a character. Of an answer that is cut short only what was streamed is kept; without any, the
    /// question is taken back.
    /// </summary>
    public IEnumerable<string> Say(string text, CancellationToken cancellation)
    {
        _turns.Add(new ChatMessage("user", text));
        var answer = new StringBuilder();
        var complete = false;
        try
        {
            foreach (var piece in Answer(cancellation))
            {
                answer.Append(piece);
                yield return piece;
            }
            complete = true;
        }
        finally
        {
            if (complete || answer.Length > 0) _turns.Add(new ChatMessage("assistant", answer.ToString()));
            else _turns.RemoveAt(_turns.Count - 1);
        }
    }

    private IEnumerable<string> Answer(CancellationToken cancellation)
    {
        var decoder = model.Tokenizer.NewStreamingDecoder();
        var options = sampling with { StopIds = [model.Tokenizer.EndOfSequence, model.Tokenizer.Padding] };
        foreach (var id in model.Generator.Generate(FittingPrompt(), options, cancellation))
        {
            var piece = decoder.Append(id);
            if (piece.Length > 0) yield return piece;
        }
        var rest = decoder.Flush();
        if (rest.Length > 0) yield return rest;
    }

    /// <summary>What was said, without as many of the oldest turns as must go. A question that alone is too long costs no history: it is refused.</summary>
    private int[] FittingPrompt()
    {
        // A long limit on answers must not cost all history: most answers are far shorter.
        var reserved = Math.Min(sampling.MaxNewTokens, model.MaxPositions / 4);
        for (var forgotten = 0; ; forgotten += 2)
        {
            var turns = _turns.Skip(forgotten);
            var prompt = model.Prompt(system is null ? [.. turns] : [new ChatMessage("system", system), .. turns]);
            if (prompt.Length + reserved > model.MaxPositions && _turns.Count - forgotten >= 3) continue;
            if (prompt.Length < model.MaxPositions) _turns.RemoveRange(0, forgotten);
            return prompt;
        }
    }
}
