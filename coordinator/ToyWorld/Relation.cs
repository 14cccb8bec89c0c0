namespace MiniMind.Coordinator.ToyWorld;

internal enum EntityKind { Person, City, Animal, Company }

/// <summary>
/// One attribute that every entity of a kind has: how prose states it and how a dialogue asks for it. Patterns hold {n}, the
/// entity's name, and (statements only) {v}, the value.
/// </summary>
internal sealed record Relation
{
    /// <summary>"person.job": names the relation in questions.jsonl and in messages.</summary>
    public required string Key { get; init; }

    public required EntityKind Subject { get; init; }

    /// <summary>What the value is called in a question's place: "job", "工作".</summary>
    public required Bilingual Noun { get; init; }

    /// <summary>
    /// How a dialogue answers in English. A short sentence, because a word after a space and the same word at the start of a text are different tokens
    /// of a byte-level tokenizer: a bare "Belgate" would have to be learned apart from " Belgate". In Chinese the value alone is the answer.
    /// </summary>
    public required string EnglishAnswer { get; init; }

    public required IReadOnlyList<string> EnglishStatements { get; init; }

    public required IReadOnlyList<string> ChineseStatements { get; init; }

    /// <summary>The ways to ask; as many in each language, and at least four.</summary>
    public required IReadOnlyList<string> EnglishQuestions { get; init; }

    public required IReadOnlyList<string> ChineseQuestions { get; init; }

    public IReadOnlyList<string> Statements(Language language) => language == Language.English ? EnglishStatements : ChineseStatements;

    public IReadOnlyList<string> Questions(Language language) => language == Language.English ? EnglishQuestions : ChineseQuestions;

    public string State(Language language, int phrasing, Fact fact) =>
        Statements(language)[phrasing].Replace("{n}", fact.Subject.Name.In(language), StringComparison.Ordinal)
            .Replace("{v}", fact.Value.In(language), StringComparison.Ordinal);

    public string Answer(Language language, Bilingual value) =>
        language == Language.English ? EnglishAnswer.Replace("{v}", value.English, StringComparison.Ordinal) : value.Chinese;

    public string Ask(Language language, int phrasing, Entity subject) =>
        Questions(language)[phrasing].Replace("{n}", subject.Name.In(language), StringComparison.Ordinal);
}
