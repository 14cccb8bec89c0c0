namespace MiniMind.Coordinator.ToyWorld;

/// <summary>A question with its answer, before it becomes a turn of a dialogue.</summary>
internal sealed record Exchange(Language Language, string Question, string Answer)
{
    public IEnumerable<Message> Turns => [Message.User(Question), Message.Assistant(Answer)];
}

/// <summary>The dialogues of sft.jsonl, and the choice of the wording that each fact is never asked in there.</summary>
internal sealed class Dialogues
{
    private readonly World _world;
    private readonly Dictionary<(Fact, Language), int> _withheld;

    public Dialogues(World world, ToyRandom random)
    {
        _world = world;
        _withheld = (from fact in world.DialogueFacts from language in Languages.All select (fact, language))
            .ToDictionary(key => key, key => random.Below(key.fact.Relation.Questions(key.language).Count));
    }

    /// <summary>The wording in which sft.jsonl does not ask for this fact, although it asks for other entities' facts that way.</summary>
    public int WithheldWording(Fact fact, Language language) => _withheld[(fact, language)];

    public List<IReadOnlyList<Message>> Build(ToyRandom random)
    {
        var dialogues = new List<IReadOnlyList<Message>>();
        foreach (var language in Languages.All)
        {
            var exchanges = new Queue<Exchange>(random.Shuffled(FactExchanges(language).Concat(SumExchanges(language, random))));
            while (exchanges.Count > 0)
            {
                var turns = Math.Min(exchanges.Count, random.Below(10) switch { < 5 => 1, < 8 => 2, _ => 3 });
                dialogues.Add([.. Enumerable.Range(0, turns).SelectMany(_ => exchanges.Dequeue().Turns)]);
            }
        }
        return random.Shuffled(dialogues);
    }

    private IEnumerable<Exchange> FactExchanges(Language language) =>
        from fact in _world.DialogueFacts
        from wording in Enumerable.Range(0, fact.Relation.Questions(language).Count)
        where wording != WithheldWording(fact, language)
        select new Exchange(language, fact.Relation.Ask(language, wording, fact.Subject), fact.Answer(language));

    /// <summary>Each sum of the dialogues in two of the wordings.</summary>
    private IEnumerable<Exchange> SumExchanges(Language language, ToyRandom random) =>
        from sum in _world.Sums
        where sum.InDialogues
        from wording in random.Shuffled(Enumerable.Range(0, SumPhrasings.Count)).Take(2)
        select new Exchange(language, SumPhrasings.Ask(language, wording, sum), SumPhrasings.Answer(language, sum));
}
