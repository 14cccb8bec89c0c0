using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MiniMind.Text.Chat;

namespace MiniMind.Text.Datasets;

/// <summary>
/// What minimind-3 does to dialogues at random, so that a model answers with and without a system prompt, and does not always think: here drawn from the
/// seed and the dialogue itself, so that the data is the same every time and in any order.
/// </summary>
public sealed record DialogueVariation
{
    private const string EmptyThought = "<think>\n\n</think>\n\n";

    private static readonly string[] SystemPrompts =
    [
        "你是一个乐于助人的人工智能助手。",
        "你是小型语言模型 MiniMind，请准确、简洁地回答问题。",
        "请用清楚、友好的语言回答用户。",
        "你是一位知识丰富的助手；不知道的事情请直说。",
        "You are a helpful assistant.",
        "You are MiniMind, a small language model. Answer correctly and briefly.",
        "Answer the user clearly and kindly.",
        "You are a knowledgeable assistant. Say so when you do not know.",
    ];

    /// <summary>Nothing is varied.</summary>
    public static readonly DialogueVariation None = new();

    public ulong Seed { get; init; }

    /// <summary>Part (0..1) of the dialogues without a system message and without tools that get one. minimind-3: 0.2.</summary>
    public double SystemPrompt { get; init; }

    /// <summary>Part (0..1) of the dialogues from which empty think blocks are removed. minimind-3: 0.8.</summary>
    public double DropEmptyThought { get; init; }

    /// <summary>Part of the key of encoded data; empty when nothing is varied.</summary>
    public string Settings => this with { Seed = 0 } == None
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $" vary/1 seed={Seed} system={SystemPrompt:R} thought={DropEmptyThought:R}");

    /// <summary>Renders a dialogue, varied.</summary>
    internal string Render(ChatTemplate template, IReadOnlyList<ChatMessage> messages)
    {
        string text = template.Render(messages);
        if (SystemPrompt <= 0 && DropEmptyThought <= 0) return text;
        var (system, choice, thought) = Draw(text);
        bool bare = messages[0].Role != "system" && messages.All(message => message.Tools is null);
        if (bare && system < SystemPrompt)
            text = template.Render([new ChatMessage("system", SystemPrompts[(int)(choice * SystemPrompts.Length)]), .. messages]);
        return thought < DropEmptyThought ? text.Replace(EmptyThought, "", StringComparison.Ordinal) : text;
    }

    private (double System, double Choice, double Thought) Draw(string text)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Seed);
        hash.AppendData(bytes[..sizeof(ulong)]);
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        hash.GetHashAndReset(bytes);
        return (Uniform(bytes), Uniform(bytes[8..]), Uniform(bytes[16..]));
    }

    private static double Uniform(ReadOnlySpan<byte> bytes) => (BinaryPrimitives.ReadUInt64LittleEndian(bytes) >> 11) * (1.0 / (1UL << 53));
}
