using System.Text.Json;

namespace MiniMind.Text.Packing;

/// <summary>One shard of a manifest.</summary>
/// <param name="File">Name of the file in the manifest's folder.</param>
/// <param name="Sha256">Lower-case hex hash of its bytes.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sequences">Sequences in it.</param>
public sealed record ShardEntry(string File, string Sha256, long Size, long Sequences);

/// <summary>The shards of one set of data, in order, and what is in them.</summary>
public sealed record ShardManifest
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
    };

    /// <summary>Slots T of every sequence.</summary>
    public required int SequenceLength { get; init; }

    /// <summary>Every id is below it.</summary>
    public required int VocabularyBound { get; init; }

    public required IReadOnlyList<ShardEntry> Shards { get; init; }

    /// <summary>Counts over all shards.</summary>
    public required PackingTotals Totals { get; init; }

    /// <summary>Sequences over all shards.</summary>
    public long Sequences => Totals.Sequences;

    /// <summary>Slots that hold a document's token, of all slots: 1 is no padding at all. 0 without sequences.</summary>
    public double Fill => Totals.Sequences == 0 ? 0 : (double)Totals.Tokens / Totals.Sequences / SequenceLength;

    /// <summary>The manifest as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <param name="place">Where it came from, for messages.</param>
    /// <exception cref="InputException">No manifest, or one that contradicts itself.</exception>
    public static ShardManifest FromJson(string json, string place)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize<ShardManifest>(json, Json) ?? throw new JsonException("it is null");
            long sequences = manifest.Shards.Sum(shard => shard.Sequences);
            return sequences == manifest.Sequences
                ? manifest
                : throw new JsonException($"its shards have {sequences} sequences, its totals {manifest.Sequences}");
        }
        catch (JsonException fault)
        {
            throw new InputException($"{place}: expected a shard manifest: {fault.Message}", fault);
        }
    }
}
