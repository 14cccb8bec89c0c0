namespace MiniMind.Text.Tokenization;

/// <summary>Which generation of MiniMind a tokenizer belongs to, told by its special tokens. Decides the chat template.</summary>
public enum TokenizerFamily
{
    /// <summary>ChatML markers (<c>&lt;|im_start|&gt;</c>). Also every tokenizer that is neither of the two.</summary>
    MiniMind3,

    /// <summary>Sentence markers (<c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c>), the 2025 generation.</summary>
    MiniMind2,
}
