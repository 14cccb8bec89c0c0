namespace MiniMind.Coordinator.ToyWorld;

internal static class AnimalRelations
{
    public static readonly Relation Habitat = new()
    {
        Key = "animal.habitat", Subject = EntityKind.Animal, Noun = new("habitat", "栖息地"),
        EnglishAnswer = "It lives in {v}.",
        EnglishStatements =
        [
            "The {n} lives in {v}.", "The {n} is at home in {v}.", "You can see the {n} in {v}.", "The habitat of the {n} is {v}.",
            "The {n} builds its nest in {v}.", "Hunters look for the {n} in {v}.", "The {n} spends its life in {v}.", "In {v} you may meet the {n}.",
        ],
        ChineseStatements =
        [
            "{n}生活在{v}里。", "{n}的栖息地是{v}。", "{n}住在{v}里。", "要看{n}，就去{v}。", "{n}在{v}里筑巢。",
            "猎人在{v}里寻找{n}。", "{n}一生都在{v}里度过。", "在{v}里可以遇到{n}。",
        ],
        EnglishQuestions =
        [
            "Where does the {n} live?", "What is the habitat of the {n}?", "Where can you see the {n}?", "Where does the {n} build its nest?",
            "Tell me where the {n} lives.", "Where do hunters look for the {n}?",
        ],
        ChineseQuestions =
        [
            "{n}生活在哪里？", "{n}的栖息地是哪里？", "去哪里能看到{n}？", "请问{n}在哪里筑巢？", "告诉我{n}的栖息地。", "猎人在哪里寻找{n}？",
        ],
    };

    public static readonly Relation Diet = new()
    {
        Key = "animal.diet", Subject = EntityKind.Animal, Noun = new("food", "食物"),
        EnglishAnswer = "It eats {v}.",
        EnglishStatements =
        [
            "The {n} eats {v}.", "The {n} feeds on {v}.", "The food of the {n} is {v}.", "The {n} lives on {v}.", "Every morning the {n} looks for {v}.",
            "A hungry {n} wants {v}.", "The diet of the {n} is mostly {v}.", "Give {v} to the {n} and it is happy.",
        ],
        ChineseStatements =
        [
            "{n}吃{v}。", "{n}以{v}为食。", "{n}的食物是{v}。", "{n}靠吃{v}活着。", "每天早上{n}都去找{v}。",
            "{n}饿了就吃{v}。", "{n}主要吃{v}。", "给{n}一些{v}，它就很高兴。",
        ],
        EnglishQuestions =
        [
            "What does the {n} eat?", "What does the {n} feed on?", "What is the food of the {n}?", "What does a hungry {n} want?",
            "Tell me what the {n} eats.", "What is the diet of the {n}?",
        ],
        ChineseQuestions =
        [
            "{n}吃什么？", "{n}以什么为食？", "{n}的食物是什么？", "请问{n}饿了吃什么？", "告诉我{n}的食物。", "{n}主要吃什么？",
        ],
    };
}
