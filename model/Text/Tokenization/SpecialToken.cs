namespace MiniMind.Text.Tokenization;

/// <summary>A token that merges never touch.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Special">Left out of decoded text; think and tool tags are not, because programs read them.</param>
public sealed record SpecialToken(string Content, bool Special)
{
    /// <summary>MiniMind-3's 36 special tokens; the index is the id.</summary>
    public static IReadOnlyList<SpecialToken> MiniMind3 { get; } =
    [
        .. Named(true, "<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        .. Named(true, "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>"),
        .. Named(true, "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
        .. Named(true, "<|audio_start|>", "<|audio_end|>", "<|audio_pad|>"),
        .. Named(true, "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>", "<tts_text_bos_single>"),
        .. Named(false, "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"),
        .. Enumerable.Range(1, 9).Select(number => new SpecialToken($"<|buffer{number}|>", false)),
    ];

    /// <summary>The three special tokens of MiniMind's 2025 generation.</summary>
    public static IReadOnlyList<SpecialToken> MiniMind2 { get; } = [.. Named(true, "<unk>", "<s>", "</s>")];

    private static IEnumerable<SpecialToken> Named(bool special, params string[] contents) =>
        contents.Select(content => new SpecialToken(content, special));
}
