using System.Text.Json;
using MiniMind.Text;

namespace MiniMind.Coordinator.ToyWorld;

/// <summary>
/// Writes a toy world: invented people, cities, animals and companies with attributes, in English and Chinese, as training data in MiniMind's
/// JSONL formats and as held-out questions.
/// </summary>
/// <remarks>
/// pretrain.jsonl tells every fact as prose. sft.jsonl asks for the facts of some entities; dpo.jsonl and reason.jsonl use only those, too.
/// questions.jsonl ({"question", "answer", "kind", "language", "relation"}) mostly asks for the facts of the other entities.
/// </remarks>
public static class ToyWorldWriter
{
    /// <summary>Seed of the world that a folder holds; null when it holds none.</summary>
    public static ulong? SeedOf(string folder)
    {
        var manifest = Path.Combine(folder, ToyWorldFolder.ManifestName);
        if (!File.Exists(manifest)) return null;
        using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
        return json.RootElement.TryGetProperty("seed", out var seed) && seed.TryGetUInt64(out var value) ? value : null;
    }

    /// <summary>
    /// Writes the world into a folder that does not exist, is empty, or holds nothing but an earlier world, which is replaced. The folder appears, or
    /// changes, at once: after a failure it is what it was. Equal seed and options give equal bytes on every machine.
    /// </summary>
    /// <exception cref="InputException">The options are impossible, or the folder holds files that are not a toy world's.</exception>
    public static ToyWorldSummary Write(string folder, ulong seed, ToyWorldOptions? options = null)
    {
        options ??= new ToyWorldOptions();
        options.Validate();
        var world = WorldBuilder.Build(seed, options);
        var questions = QuestionsOf(world, seed, out var dialogues);
        var target = new ToyWorldFolder(folder);
        var files = target.Replace(seed, options, Contents(world, seed, options, dialogues, questions));
        return new ToyWorldSummary(target.FullPath, seed, options, world.Entities.Count, world.Facts.Count, questions.Count, files);
    }

    private static List<HeldOutQuestion> QuestionsOf(World world, ulong seed, out Dialogues dialogues)
    {
        dialogues = new Dialogues(world, ToyRandom.For(seed, "withheld"));
        return new HeldOutQuestions(world, dialogues, ToyRandom.For(seed, "questions")).Build();
    }

    private static SortedDictionary<string, byte[]> Contents(
        World world, ulong seed, ToyWorldOptions options, Dialogues dialogues, List<HeldOutQuestion> questions) => new(StringComparer.Ordinal)
        {
            ["pretrain.jsonl"] = JsonLines.Encode(
                new ProseTexts(world, options, ToyRandom.For(seed, "pretrain")).Build(), (json, text) => json.WriteString("text", text)),
            ["sft.jsonl"] = Conversations(dialogues.Build(ToyRandom.For(seed, "sft"))),
            ["dpo.jsonl"] = JsonLines.Encode(PreferencePairs.Build(world, ToyRandom.For(seed, "dpo")), WritePair),
            ["lora_identity.jsonl"] = Conversations(IdentityDialogues.Build(ToyRandom.For(seed, "identity"))),
            ["reason.jsonl"] = Conversations(ReasoningDialogues.Build(world, ToyRandom.For(seed, "reason"))),
            ["questions.jsonl"] = JsonLines.Encode(questions, WriteQuestion),
        };

    private static byte[] Conversations(IEnumerable<IReadOnlyList<Message>> dialogues) =>
        JsonLines.Encode(dialogues, (json, dialogue) => JsonLines.WriteMessages(json, "conversations", dialogue));

    private static void WritePair(Utf8JsonWriter json, PreferencePair pair)
    {
        JsonLines.WriteMessages(json, "chosen", pair.Chosen);
        JsonLines.WriteMessages(json, "rejected", pair.Rejected);
    }

    private static void WriteQuestion(Utf8JsonWriter json, HeldOutQuestion question)
    {
        json.WriteString("question", question.Question);
        json.WriteString("answer", question.Answer);
        json.WriteString("kind", question.Kind);
        json.WriteString("language", question.Language.Code());
        json.WriteString("relation", question.Relation);
    }
}
