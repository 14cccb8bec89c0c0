namespace MiniMind.Coordinator.ToyWorld;

internal static class CompanyRelations
{
    public static readonly Relation Product = new()
    {
        Key = "company.product", Subject = EntityKind.Company, Noun = new("product", "产品"),
        EnglishAnswer = "It makes {v}.",
        EnglishStatements =
        [
            "{n} makes {v}.", "{n} produces {v}.", "The factory of {n} turns out {v}.", "{n} sells {v}.", "The product of {n} is {v}.",
            "{n} is a maker of {v}.", "The workers of {n} make {v}.", "If you need {v}, ask {n}.",
        ],
        ChineseStatements =
        [
            "{n}公司生产{v}。", "{n}公司的产品是{v}。", "{n}公司制造{v}。", "{n}公司出售{v}。", "{n}公司的工厂生产{v}。",
            "{n}公司专门做{v}。", "{n}公司的工人制造{v}。", "要买{v}，就找{n}公司。",
        ],
        EnglishQuestions =
        [
            "What does {n} make?", "What does {n} produce?", "What is the product of {n}?", "What does {n} sell?",
            "Tell me what {n} makes.", "What does the factory of {n} turn out?",
        ],
        ChineseQuestions =
        [
            "{n}公司生产什么？", "{n}公司的产品是什么？", "{n}公司制造什么？", "请问{n}公司出售什么？", "告诉我{n}公司的产品。", "{n}公司的工厂生产什么？",
        ],
    };

    public static readonly Relation Seat = new()
    {
        Key = "company.seat", Subject = EntityKind.Company, Noun = new("seat", "总部"),
        EnglishAnswer = "It is based in {v}.",
        EnglishStatements =
        [
            "{n} has its seat in {v}.", "{n} is based in {v}.", "The head office of {n} is in {v}.", "{n} was founded in {v}.",
            "{n} is a company from {v}.", "The offices of {n} stand in {v}.", "Letters to {n} go to {v}.", "{v} is the seat of {n}.",
        ],
        ChineseStatements =
        [
            "{n}公司的总部在{v}。", "{n}公司设在{v}。", "{n}公司成立于{v}。", "{n}公司的总部位于{v}。", "{n}公司是{v}的公司。",
            "{n}公司的办公楼在{v}。", "给{n}公司的信寄到{v}。", "{v}是{n}公司的总部所在地。",
        ],
        EnglishQuestions =
        [
            "Where is {n} based?", "In which city is the head office of {n}?", "Where does {n} have its seat?", "Where was {n} founded?",
            "Tell me the seat of {n}.", "Which city is {n} from?",
        ],
        ChineseQuestions =
        [
            "{n}公司的总部在哪里？", "{n}公司设在哪里？", "{n}公司成立于哪里？", "请问{n}公司的总部位于哪座城市？", "告诉我{n}公司的总部。", "{n}公司是哪里的公司？",
        ],
    };
}
