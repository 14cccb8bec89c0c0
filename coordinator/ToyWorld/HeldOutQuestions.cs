namespace MiniMind.Coordinator.ToyWorld;

/// <param name="Kind">prose: a fact told as prose only. phrasing: a fact of the dialogues in a wording they did not use for it. arithmetic: a sum told as prose only.</param>
/// <param name="Relation">What is asked for, for example "person.job"; "sum" for arithmetic.</param>
internal sealed record HeldOutQuestion(string Question, string Answer, string Kind, Language Language, string Relation);

/// <summary>The questions that measure what training achieved. None occurs in a dialogue, and within a kind and language no answer prevails.</summary>
internal sealed class HeldOutQuestions(World world, Dialogues dialogues, ToyRandom random)
{
    /// <summary>Per language, of the kinds phrasing and arithmetic; their answers all differ.</summary>
    private const int PerSmallKind = 24;

    public List<HeldOutQuestion> Build() => random.Shuffled(Languages.All.SelectMany(language =>
        (IEnumerable<HeldOutQuestion>)[.. Prose(language), .. Phrasing(language), .. Arithmetic(language)]));

    /// <summary>Every prose-only fact once, the wordings in turn.</summary>
    private static IEnumerable<HeldOutQuestion> Prose(Language language, IEnumerable<Fact> facts) =>
        facts.GroupBy(fact => fact.Relation).SelectMany(group => group.Select((fact, index) =>
            Ask("prose", language, fact, index % fact.Relation.Questions(language).Count)));

    private IEnumerable<HeldOutQuestion> Prose(Language language) => Prose(language, random.Shuffled(world.ProseOnlyFacts));

    private IEnumerable<HeldOutQuestion> Phrasing(Language language) =>
        random.Shuffled(world.DialogueFacts).DistinctBy(fact => fact.Value).Take(PerSmallKind)
            .Select(fact => Ask("phrasing", language, fact, dialogues.WithheldWording(fact, language)));

    private IEnumerable<HeldOutQuestion> Arithmetic(Language language) =>
        random.Shuffled(world.Sums.Where(sum => !sum.InDialogues)).DistinctBy(sum => sum.Total).Take(PerSmallKind).Select((sum, index) =>
            new HeldOutQuestion(SumPhrasings.Ask(language, index % SumPhrasings.Count, sum), SumPhrasings.Answer(language, sum), "arithmetic", language, "sum"));

    private static HeldOutQuestion Ask(string kind, Language language, Fact fact, int wording) =>
        new(fact.Relation.Ask(language, wording, fact.Subject), fact.Answer(language), kind, language, fact.Relation.Key);
}
