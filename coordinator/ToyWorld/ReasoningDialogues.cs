namespace MiniMind.Coordinator.ToyWorld;

/// <summary>The dialogues of reason.jsonl: two facts of the dialogues are joined, or a sum is worked out, between think tags.</summary>
internal static class ReasoningDialogues
{
    public static List<IReadOnlyList<Message>> Build(World world, ToyRandom random)
    {
        var dialogues = Languages.All.SelectMany(language => Joins(world, language, random).Concat(Sums(world, language)));
        return random.Shuffled(dialogues);
    }

    /// <summary>Where someone lives or a company sits, and then what that city has.</summary>
    private static IEnumerable<IReadOnlyList<Message>> Joins(World world, Language language, ToyRandom random)
    {
        var cityFacts = world.DialogueFacts.Where(fact => fact.Subject.Kind == EntityKind.City).ToLookup(fact => fact.Subject.Name);
        foreach (var first in world.DialogueFacts.Where(fact => fact.Relation == PersonRelations.Home || fact.Relation == CompanyRelations.Seat))
        {
            foreach (var second in cityFacts[first.Value])
            {
                var separator = language == Language.English ? " " : "";
                var thought = Tell(first, language, random) + separator + Tell(second, language, random);
                yield return [Message.User(Question(first, second, language)), Message.Assistant(Tagged(thought, second.Value.In(language)))];
            }
        }
    }

    private static string Question(Fact first, Fact second, Language language)
    {
        var (name, noun) = (first.Subject.Name.In(language), second.Relation.Noun.In(language));
        return (language, first.Subject.Kind) switch
        {
            (Language.English, EntityKind.Person) => $"What is the {noun} of the city where {name} lives?",
            (Language.English, _) => $"What is the {noun} of the city where {name} is based?",
            (_, EntityKind.Person) => $"{name}居住的城市的{noun}是什么？",
            _ => $"{name}公司总部所在城市的{noun}是什么？",
        };
    }

    private static string Tell(Fact fact, Language language, ToyRandom random) =>
        fact.Relation.State(language, random.Below(fact.Relation.Statements(language).Count), fact);

    private static IEnumerable<IReadOnlyList<Message>> Sums(World world, Language language) =>
        world.Sums.Where(sum => sum.InDialogues).Select((sum, index) => (IReadOnlyList<Message>)
        [
            Message.User(SumPhrasings.Ask(language, index % SumPhrasings.Count, sum)),
            Message.Assistant(Tagged(SumPhrasings.State(language, (index + 1) % SumPhrasings.Count, sum), SumPhrasings.Total(sum))),
        ]);

    private static string Tagged(string thought, string answer) => $"<think>\n{thought}\n</think>\n<answer>\n{answer}\n</answer>";
}
