namespace MiniMind.Coordinator.ToyWorld;

/// <summary>Draws a world from a seed.</summary>
internal static class WorldBuilder
{
    public static World Build(ulong seed, ToyWorldOptions options)
    {
        var random = ToyRandom.For(seed, "world");
        var names = new InventedNames(random);
        var entities = new List<Entity>();
        foreach (var kind in Enum.GetValues<EntityKind>())
        {
            var split = random.Shuffled(Enumerable.Range(0, options.EntitiesPerKind).Select(i => i >= options.ProseOnlyPerKind));
            entities.AddRange(names.Take(kind.ToString(), options.EntitiesPerKind).Zip(split, (name, inDialogues) => new Entity(kind, name, inDialogues)));
        }
        // A prose-only city is nobody's home in a dialogue either: values are taken from the others.
        var cities = entities.Where(entity => entity is { Kind: EntityKind.City, InDialogues: true }).Select(city => city.Name).ToList();
        var facts = new List<Fact>();
        foreach (var (relation, values) in Relations(cities, names.Take("River", options.Values)))
        {
            var subjects = entities.Where(entity => entity.Kind == relation.Subject).ToList();
            facts.AddRange(Assign(relation, subjects, [.. values.Take(options.Values)], random));
        }
        return new World(entities, facts, DrawSums(options.LargestAddend, random));
    }

    private static IEnumerable<(Relation Relation, IReadOnlyList<Bilingual> Values)> Relations(IReadOnlyList<Bilingual> cities, IReadOnlyList<Bilingual> rivers) =>
    [
        (PersonRelations.Home, cities), (PersonRelations.Job, KnownValues.Jobs), (PersonRelations.Food, KnownValues.Foods),
        (CityRelations.River, rivers), (CityRelations.Fame, KnownValues.CityProducts),
        (AnimalRelations.Habitat, KnownValues.Habitats), (AnimalRelations.Diet, KnownValues.Diets),
        (CompanyRelations.Product, KnownValues.CompanyProducts), (CompanyRelations.Seat, cities),
    ];

    /// <summary>
    /// Deals the values out in turn, to the prose-only entities and to the others separately: the held-out questions of a relation
    /// all have different answers, and dialogues give every value as an answer at least once.
    /// </summary>
    private static IEnumerable<Fact> Assign(Relation relation, List<Entity> subjects, IReadOnlyList<Bilingual> values, ToyRandom random)
    {
        foreach (var group in subjects.GroupBy(subject => subject.InDialogues).OrderBy(group => group.Key))
        {
            var dealt = random.Shuffled(values);
            foreach (var (index, subject) in group.Index())
            {
                yield return new Fact(subject, relation, dealt[index % dealt.Count]);
            }
        }
    }

    /// <summary>Every ordered pair. For each of the middle totals one unordered pair is held out, so that no two held-out sums have the same answer.</summary>
    private static List<Sum> DrawSums(int largest, ToyRandom random)
    {
        var heldOut = new HashSet<(int, int)>();
        for (var total = 4; total <= 2 * largest - 3; total++)
        {
            var smallest = Math.Max(1, total - largest);
            var a = smallest + random.Below((total - 1) / 2 - smallest + 1);
            heldOut.Add((a, total - a));
        }
        var addends = Enumerable.Range(1, largest).ToList();
        return [.. from a in addends from b in addends select new Sum(a, b, !heldOut.Contains((Math.Min(a, b), Math.Max(a, b))))];
    }
}
