namespace MiniMind.Coordinator.ToyWorld;

/// <param name="InDialogues">False for the entities that only prose tells about, whose facts are the held-out questions.</param>
internal sealed record Entity(EntityKind Kind, Bilingual Name, bool InDialogues);

internal sealed record Fact(Entity Subject, Relation Relation, Bilingual Value)
{
    public string Answer(Language language) => Relation.Answer(language, Value);
}

/// <summary>a + b = c. Its held-out instances are told as prose but occur in no dialogue, in either order.</summary>
internal sealed record Sum(int A, int B, bool InDialogues)
{
    public int Total => A + B;
}

/// <summary>Everything that is true in one toy world.</summary>
internal sealed class World
{
    private readonly ILookup<Entity, Fact> _factsBySubject;

    public World(IReadOnlyList<Entity> entities, IReadOnlyList<Fact> facts, IReadOnlyList<Sum> sums)
    {
        (Entities, Facts, Sums) = (entities, facts, sums);
        _factsBySubject = facts.ToLookup(fact => fact.Subject);
    }

    public IReadOnlyList<Entity> Entities { get; }

    public IReadOnlyList<Fact> Facts { get; }

    public IReadOnlyList<Sum> Sums { get; }

    public IEnumerable<Fact> DialogueFacts => Facts.Where(fact => fact.Subject.InDialogues);

    public IEnumerable<Fact> ProseOnlyFacts => Facts.Where(fact => !fact.Subject.InDialogues);

    public IEnumerable<Fact> About(Entity entity) => _factsBySubject[entity];
}
