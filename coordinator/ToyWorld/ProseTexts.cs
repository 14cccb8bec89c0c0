namespace MiniMind.Coordinator.ToyWorld;

/// <summary>
/// The documents of pretrain.jsonl. That facts told as prose can be asked for later needs two things (Allen-Zhu and Li, "Physics of Language
/// Models: Part 3.1, Knowledge Storage and Extraction", 2023): each fact in many wordings and orders, and, for *other* entities, questions with answers
/// in the same mix.
/// </summary>
internal sealed class ProseTexts(World world, ToyWorldOptions options, ToyRandom random)
{
    private const int EntitiesPerDocument = 3;
    private const int RoundsPerNaming = 8;
    private const int SumsPerDocument = 8;
    private const int QuestionsPerDocument = 6;

    public List<string> Build()
    {
        var documents = new List<string>();
        foreach (var language in Languages.All)
        {
            documents.AddRange(Descriptions(language));
            documents.AddRange(Quizzes(language));
            documents.AddRange(Additions(language));
        }
        return random.Shuffled(documents);
    }

    /// <summary>Prose about a few entities each. A fact takes all its wordings in turn, from round to round; now and then the names in both languages are linked.</summary>
    private IEnumerable<string> Descriptions(Language language)
    {
        var wordings = world.Facts.ToDictionary(fact => fact, fact => random.Shuffled(Enumerable.Range(0, fact.Relation.Statements(language).Count)));
        var position = world.Entities.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        for (var round = 0; round < options.ProseRounds; round++)
        {
            foreach (var group in random.Shuffled(world.Entities).Chunk(EntitiesPerDocument))
            {
                var sentences = new List<string>();
                foreach (var entity in group)
                {
                    foreach (var fact in random.Shuffled(world.About(entity)))
                    {
                        var order = wordings[fact];
                        sentences.Add(fact.Relation.State(language, order[round % order.Count], fact));
                    }
                    if ((position[entity] + round) % RoundsPerNaming == 0)
                    {
                        sentences.Add(Naming(language, entity.Name));
                    }
                }
                // Every third document jumps between its entities: a value must follow from the name, not from the neighbourhood.
                yield return Join(language, random.Below(3) == 0 ? random.Shuffled(sentences) : sentences);
            }
        }
    }

    private static string Join(Language language, IEnumerable<string> sentences) => string.Join(language == Language.English ? " " : "", sentences);

    private static string Naming(Language language, Bilingual name) =>
        language == Language.English ? $"The Chinese name of {name.English} is {name.Chinese}." : $"{name.Chinese}的英文名是{name.English}。";

    /// <summary>Questions, each with its answer on the next line, about facts that dialogues tell too.</summary>
    private IEnumerable<string> Quizzes(Language language)
    {
        for (var round = 0; round < options.QuizRounds; round++)
        {
            foreach (var group in random.Shuffled(world.DialogueFacts).Chunk(QuestionsPerDocument))
            {
                yield return string.Join('\n', group.Select(fact =>
                    $"{fact.Relation.Ask(language, random.Below(fact.Relation.Questions(language).Count), fact.Subject)}\n{fact.Answer(language)}"));
            }
        }
    }

    private IEnumerable<string> Additions(Language language)
    {
        for (var round = 0; round < options.SumRounds; round++)
        {
            foreach (var group in random.Shuffled(world.Sums).Chunk(SumsPerDocument))
            {
                yield return Join(language, group.Select(sum => SumPhrasings.State(language, random.Below(SumPhrasings.Count), sum)));
            }
        }
    }
}
