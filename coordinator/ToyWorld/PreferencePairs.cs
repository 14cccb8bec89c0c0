namespace MiniMind.Coordinator.ToyWorld;

internal sealed record PreferencePair(IReadOnlyList<Message> Chosen, IReadOnlyList<Message> Rejected);

/// <summary>The pairs of dpo.jsonl: the right answer against another value of the same relation, for facts of the dialogues.</summary>
internal static class PreferencePairs
{
    public static List<PreferencePair> Build(World world, ToyRandom random)
    {
        var values = world.Facts.GroupBy(fact => fact.Relation).ToDictionary(group => group.Key, group => group.Select(fact => fact.Value).Distinct().ToList());
        var pairs = from fact in world.DialogueFacts from language in Languages.All select Pair(fact, language, values[fact.Relation], random);
        return random.Shuffled(pairs);
    }

    private static PreferencePair Pair(Fact fact, Language language, List<Bilingual> values, ToyRandom random)
    {
        var right = values.IndexOf(fact.Value);
        var wrong = values[(right + 1 + random.Below(values.Count - 1)) % values.Count];
        var question = Message.User(fact.Relation.Ask(language, random.Below(fact.Relation.Questions(language).Count), fact.Subject));
        return new PreferencePair([question, Message.Assistant(fact.Answer(language))], [question, Message.Assistant(fact.Relation.Answer(language, wrong))]);
    }
}
