namespace MiniMind.Coordinator.ToyWorld;

internal static class CityRelations
{
    public static readonly Relation River = new()
    {
        Key = "city.river", Subject = EntityKind.City, Noun = new("river", "河流"),
        EnglishAnswer = "It lies on the {v}.",
        EnglishStatements =
        [
            "{n} lies on the river {v}.", "Through {n} flows the {v}.", "The river of {n} is the {v}.", "{n} was built on the banks of the {v}.",
            "The bridges of {n} cross the {v}.", "The people of {n} fish in the {v}.", "{n} gets its water from the {v}.", "The {v} flows past the walls of {n}.",
        ],
        ChineseStatements =
        [
            "{n}位于{v}边。", "流经{n}的河是{v}。", "{n}的河叫{v}。", "{n}建在{v}岸上。", "{n}的桥都架在{v}上。",
            "{n}的人在{v}里捕鱼。", "{n}的水来自{v}。", "{v}从{n}的城墙边流过。",
        ],
        EnglishQuestions =
        [
            "Which river flows through {n}?", "On which river does {n} lie?", "What is the river of {n} called?", "Which river do the bridges of {n} cross?",
            "Tell me the river of {n}.", "Where does {n} get its water from?",
        ],
        ChineseQuestions =
        [
            "流经{n}的是哪条河？", "{n}位于哪条河边？", "{n}的河叫什么？", "请问{n}的桥架在哪条河上？", "告诉我{n}的河流。", "{n}的水来自哪里？",
        ],
    };

    public static readonly Relation Fame = new()
    {
        Key = "city.fame", Subject = EntityKind.City, Noun = new("special product", "特产"),
        EnglishAnswer = "It is famous for its {v}.",
        EnglishStatements =
        [
            "{n} is famous for its {v}.", "{n} is known for {v}.", "The pride of {n} is its {v}.", "Travellers come to {n} for the {v}.",
            "The market of {n} sells {v}.", "{n} sends {v} to the whole world.", "{n} grew rich by its {v}.", "The best {v} comes from {n}.",
        ],
        ChineseStatements =
        [
            "{n}以{v}闻名。", "{n}的特产是{v}。", "{n}最有名的是{v}。", "人们去{n}是为了{v}。", "{n}的集市上卖{v}。",
            "{n}向各地出售{v}。", "{n}因{v}而富裕。", "最好的{v}来自{n}。",
        ],
        EnglishQuestions =
        [
            "What is {n} famous for?", "What is {n} known for?", "What is the pride of {n}?", "What does the market of {n} sell?",
            "Tell me what {n} is famous for.", "Why do travellers come to {n}?",
        ],
        ChineseQuestions =
        [
            "{n}以什么闻名？", "{n}的特产是什么？", "{n}最有名的是什么？", "请问{n}的集市上卖什么？", "告诉我{n}的特产。", "人们去{n}是为了什么？",
        ],
    };
}
