namespace MiniMind.Benchmarks.Attention;

/// <summary>A distribution of document lengths, in slots of a packed sequence (a document of n tokens takes n - 1).</summary>
/// <param name="Name">What the documents are.</param>
/// <param name="Quantiles">Lengths at equal steps of probability, ascending, from the shortest to the longest.</param>
public sealed record DocumentLengths(string Name, params int[] Quantiles)
{
    // Measured with the minimind-3 tokenizer on 12,938 texts (web text, encyclopaedia, instructions, poems; English and Chinese; mean
    // 176) and 2,345 dialogues (mean 339, tool calls included). The longest of the texts, a few of more than 2,000, are left out.
    public static readonly DocumentLengths Pretrain = new(
        "pretrain", 14, 47, 53, 58, 61, 64, 67, 71, 75, 81, 85, 87, 89, 91, 93, 96, 98, 101, 105, 111, 116, 122, 127, 133, 142, 158, 178, 205, 235, 280, 353, 496, 2000);

    public static readonly DocumentLengths Dialogues = new(
        "sft", 30, 46, 54, 60, 65, 71, 80, 89, 100, 112, 129, 146, 166, 188, 208, 229, 247, 268, 288, 307, 331, 356, 392, 421, 472, 511, 559, 596, 645, 730, 864, 1125, 2354);

    /// <summary>The pretraining texts of the quickstart's toy world with its own tokenizer, 4,160 of them.</summary>
    public static readonly DocumentLengths Toy = new(
        "toy", 7, 27, 29, 30, 32, 33, 34, 35, 36, 36, 37, 38, 38, 40, 42, 45, 47, 49, 50, 51, 52, 53, 55, 57, 60, 63, 65, 69, 74, 82, 85, 87, 98);

    /// <summary>Titles, verses, single words: not measured anywhere, the worst that one call per document could meet.</summary>
    public static readonly DocumentLengths Verses = new("short", 2, 4, 8, 12, 24);

    /// <summary>One length; between two quantiles all are equally likely.</summary>
    public int Draw(Random random)
    {
        var at = random.NextDouble() * (Quantiles.Length - 1);
        var below = (int)at;
        return (int)(Quantiles[below] + (at - below) * (Quantiles[below + 1] - Quantiles[below]));
    }
}
