namespace MiniMind.Coordinator.ToyWorld;

internal static class PersonRelations
{
    public static readonly Relation Home = new()
    {
        Key = "person.home", Subject = EntityKind.Person, Noun = new("home city", "居住的城市"),
        EnglishAnswer = "They live in {v}.",
        EnglishStatements =
        [
            "{n} lives in {v}.", "{n} has a house in {v}.", "{n} calls {v} home.", "The home of {n} is in {v}.", "{n}'s home city is {v}.",
            "You will find {n} in {v}.", "For many years {n} has lived in {v}.", "{v} is where {n} lives.",
        ],
        ChineseStatements =
        [
            "{n}住在{v}。", "{n}的家在{v}。", "{n}定居在{v}。", "{n}居住的城市是{v}。", "多年来，{n}一直住在{v}。",
            "{n}在{v}有一座房子。", "要找{n}，就去{v}。", "{v}是{n}居住的地方。",
        ],
        EnglishQuestions =
        [
            "Where does {n} live?", "In which city does {n} live?", "What is {n}'s home city?", "Which city is the home of {n}?",
            "Tell me where {n} lives.", "Where is the house of {n}?",
        ],
        ChineseQuestions =
        [
            "{n}住在哪里？", "{n}住在哪座城市？", "{n}的家在哪里？", "请问{n}居住的城市是哪里？", "告诉我{n}住在哪里。", "{n}定居在哪座城市？",
        ],
    };

    public static readonly Relation Job = new()
    {
        Key = "person.job", Subject = EntityKind.Person, Noun = new("job", "职业"),
        EnglishAnswer = "They work as a {v}.",
        EnglishStatements =
        [
            "{n} works as a {v}.", "{n} is a {v}.", "{n} earns a living as a {v}.", "By trade {n} is a {v}.", "{n}'s job is that of a {v}.",
            "People know {n} as a good {v}.", "{n} became a {v} long ago.", "The {v} of the town is called {n}.",
        ],
        ChineseStatements =
        [
            "{n}的职业是{v}。", "{n}是一名{v}。", "{n}当{v}很多年了。", "{n}靠做{v}谋生。", "大家都知道{n}是个好{v}。",
            "{n}从事的工作是{v}。", "{n}很早就做了{v}。", "镇上的{v}名叫{n}。",
        ],
        EnglishQuestions =
        [
            "What is {n}'s job?", "What does {n} work as?", "What does {n} do for a living?", "What is the trade of {n}?",
            "Tell me the job of {n}.", "Which job does {n} have?",
        ],
        ChineseQuestions =
        [
            "{n}的职业是什么？", "{n}是做什么工作的？", "{n}靠什么谋生？", "请问{n}从事什么工作？", "告诉我{n}的职业。", "{n}做的是哪一行？",
        ],
    };

    public static readonly Relation Food = new()
    {
        Key = "person.food", Subject = EntityKind.Person, Noun = new("favourite food", "最爱吃的东西"),
        EnglishAnswer = "They love {v}.",
        EnglishStatements =
        [
            "{n} loves {v}.", "{n}'s favourite food is {v}.", "{n} likes to eat {v}.", "Nothing tastes better to {n} than {v}.",
            "At dinner {n} asks for {v}.", "The favourite dish of {n} is {v}.", "{n} is very fond of {v}.", "Bring some {v} when you visit {n}.",
        ],
        ChineseStatements =
        [
            "{n}最爱吃{v}。", "{n}最喜欢的食物是{v}。", "{n}喜欢吃{v}。", "对{n}来说，最好吃的是{v}。", "晚饭时{n}总要吃{v}。",
            "{n}最爱的美食是{v}。", "{n}特别爱吃{v}。", "去看{n}时，记得带些{v}。",
        ],
        EnglishQuestions =
        [
            "What is {n}'s favourite food?", "What does {n} like to eat?", "Which food does {n} love?", "What is the favourite dish of {n}?",
            "Tell me what {n} likes to eat.", "What does {n} ask for at dinner?",
        ],
        ChineseQuestions =
        [
            "{n}最爱吃什么？", "{n}最喜欢的食物是什么？", "{n}喜欢吃什么？", "请问{n}最爱的美食是什么？", "告诉我{n}爱吃什么。", "晚饭时{n}总要吃什么？",
        ],
    };
}
