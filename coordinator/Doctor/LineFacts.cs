using System.IO.Hashing;
using System.Text.Json;
using MiniMind.Text;
using MiniMind.Text.Chat;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Doctor;

/// <summary>What is found out about one line by itself.</summary>
/// <param name="Line">The line as read.</param>
/// <param name="Fault">Why it cannot be used; null when it can.</param>
internal sealed record LineFacts(RawLine Line, string? Fault)
{
    /// <summary>Of its bytes.</summary>
    public ulong Hash { get; init; }

    /// <summary>Null for texts that are too short.</summary>
    public Shingles? Shingles { get; init; }
    public TextScript Script { get; init; }
    public Oddity Oddities { get; init; }

    /// <summary>Its tokens; null without a tokenizer.</summary>
    public EncodedDocument? Document { get; init; }

    /// <summary>Evaluation items that share a run of words with it.</summary>
    public IReadOnlyCollection<int> Contaminated { get; init; } = [];
}

/// <summary>Examines lines one by one. Thread-safe, and a pure function of the line.</summary>
/// <param name="kind">One of <see cref="DocumentEncoders.Kinds"/>.</param>
/// <param name="encoder">Null without a tokenizer.</param>
/// <param name="contamination">Null without an evaluation file.</param>
internal sealed class LineExaminer(string kind, IDocumentEncoder? encoder, Contamination? contamination)
{
    public LineFacts Examine(RawLine line)
    {
        var parsed = JsonLines.Parse(line);
        if (parsed.Fault is not null) return new LineFacts(line, parsed.Fault);
        try
        {
            return Examine(line, parsed.Value);
        }
        catch (InputException fault)
        {
            return new LineFacts(line, fault.Message);
        }
        catch (InvalidOperationException fault)
        {
            return new LineFacts(line, JsonLines.NotUnicode(fault));
        }
    }

    private LineFacts Examine(RawLine line, JsonElement value)
    {
        var (text, structure) = Read(value);
        var document = encoder?.Encode(value);
        return new LineFacts(line, null)
        {
            Hash = XxHash3.HashToUInt64(line.Bytes.Span), Shingles = Shingles.Of(text), Script = TextScript.Of(text),
            Oddities = structure | Oddities.Of(text), Document = document, Contaminated = contamination?.Find(text) ?? [],
        };
    }

    /// <summary>What is trained on, as text, and what is odd about its form. Other fields of the line do not matter.</summary>
    private (string Text, Oddity Oddities) Read(JsonElement value)
    {
        switch (kind)
        {
            case "sft":
                var messages = DocumentForms.Dialogue(value);
                return (TextOf(messages), DialogueRules.Of(messages));
            case "dpo":
                var (chosen, rejected) = DocumentForms.Pair(value);
                return (TextOf([.. chosen, .. rejected]), DialogueRules.Of(chosen, rejected));
            default:
                string text = DocumentForms.Text(value);
                return (text, string.IsNullOrWhiteSpace(text) ? Oddity.EmptyText : Oddity.None);
        }
    }

    private static string TextOf(IEnumerable<ChatMessage> messages) =>
        string.Join('\n', messages.SelectMany(message => (string?[])[message.ReasoningContent, message.Content]).OfType<string>());
}
