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
    /// <summary>Whether a folder holds all files of a world with this seed and these options, so that there is nothing to write.</summary>
    public static bool IsWritten(string folder, ulong seed, ToyWorldOptions? options = null) => new ToyWorldFolder(folder).Holds(seed, options ?? new ToyWorldOptions());

    /// <summary>
    /// Writes the world into a folder that does not exist, is empty, or holds nothing but the same world; with <paramref name="replace"/> also in the place of
    /// another one. The folder appears, or changes, at once: after a failure it is what it was. Equal seed and options give equal bytes on every machine.
    /// </summary>
    /// <param name="folder">Where it goes.</param>
    /// <param name="seed">Another seed makes another world.</param>
    /// <param name="options">Its size; null: the quickstart's.</param>
    /// <param name="replace">Whether a world with another seed or other options gives way.</param>
    /// <param name="remedy">Ends the message that refuses such a world: what to do instead.</param>
    /// <exception cref="InputException">The options are impossible, or the folder holds another world or files that are not a toy world's.</exception>
    public static ToyWorldSummary Write(string folder, ulong seed, ToyWorldOptions? options = null, bool replace = false, string remedy = "Name another folder.")
    {
        options ??= new ToyWorldOptions();
        options.Validate();
        var target = new ToyWorldFolder(folder);
        if (!replace) target.RefuseAnotherWorld(seed, options, remedy);
        var world = WorldBuilder.Build(seed, options);
        var questions = QuestionsOf(world, seed, out var dialogues);
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
