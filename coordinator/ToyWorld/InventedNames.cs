namespace MiniMind.Coordinator.ToyWorld;

/// <summary>
/// Invented names, each unique in its language. A name is one beginning and one ending from tables of its own kind, so that
/// no kind's names look like another's.
/// </summary>
internal sealed class InventedNames
{
    private static readonly string[] s_openings = "Bel Cor Dav Fen Gal Hol Jor Kel Lom Mar Nev Oth Pel Quin Ros Sel Tor Ulm Ver Wil Yor Zan Bri Dru Fro Gre Kro Pla Sti Tra".Split(' ');

    private static readonly Dictionary<string, (string[] EnglishEndings, string[] ChineseOpenings, string[] ChineseEndings)> s_parts = new()
    {
        [nameof(EntityKind.Person)] = (
            "an ira eon ista amo elle indo una".Split(' '),
            "沈 陆 顾 苏 韩 秦 许 梁 宋 唐 冯 董 萧 程 曹 袁 邓 傅 曾 彭 吕 蒋 蔡 贾 丁 魏 薛 叶 阎 余".Split(' '),
            "若川 知远 明轩 雨桐 思齐 浩然 梦瑶 子墨".Split(' ')),
        [nameof(EntityKind.City)] = (
            "ford burg mouth stead holm gate wick dale".Split(' '),
            "云 柳 松 梅 石 雁 鹿 鹤 枫 兰 荷 桐 霞 月 星 雪 霜 风 雷 虹 燕 鹰 龙 凤 虎 豹 狮 象 熊 狼".Split(' '),
            "溪 渡 原 港 州 陵 浦 关".Split(' ')),
        [nameof(EntityKind.Animal)] = (
            "oo ling up ibo azz erk oth umi".Split(' '),
            "赤 青 玄 斑 灰 金 银 紫 蓝 黄 绿 褐 粉 乌 彩 巨 短 细 粗 圆 扁 尖 弯 双 三 独 无 多 卷 硬".Split(' '),
            "角兽 尾狸 爪獾 羽雉 牙貂 耳猬 鳞蟒 背鼹".Split(' ')),
        [nameof(EntityKind.Company)] = (
            "tex corp onix ware lab sys trade dyne".Split(' '),
            "恒 锐 盛 泰 鼎 宏 瑞 嘉 永 万 通 达 信 诚 华 美 佳 优 联 众 创 新 科 智 博 卓 远 飞 腾 凯".Split(' '),
            "晟 隆 昌 茂 祥 辉 裕 源".Split(' ')),
        ["River"] = (
            "una ess ava orn iss ello ynd arro".Split(' '),
            "玉 清 白 黑 碧 寒 暖 深 浅 长 曲 沉 静 澄 浊 沙 冰 泪 翠 沧 洪 湍 淡 咸 甘 苦 幽 明 暗 古".Split(' '),
            "澜河 波河 涛河 漪河 泉河 湾河 沁河 汐河".Split(' ')),
    };

    private readonly ToyRandom _random;

    public InventedNames(ToyRandom random) => _random = random;

    /// <summary>The most names that one kind has.</summary>
    public static int Most => s_openings.Length * 8;

    /// <summary>Different names for a kind of entity or for "River". Openings are used equally often in both languages.</summary>
    public List<Bilingual> Take(string kind, int count)
    {
        var (englishEndings, chineseOpenings, chineseEndings) = s_parts[kind];
        var english = Combine(s_openings, englishEndings, count);
        var chinese = Combine(chineseOpenings, chineseEndings, count);
        return [.. english.Zip(chinese, (first, second) => new Bilingual(kind == nameof(EntityKind.Animal) ? first.ToLowerInvariant() : first, second))];
    }

    private List<string> Combine(string[] openings, string[] endings, int count)
    {
        var first = _random.Shuffled(openings);
        var last = _random.Shuffled(endings);
        // Round r pairs every opening with another ending, so each pair comes once.
        return [.. Enumerable.Range(0, count).Select(i => first[i % first.Count] + last[(i + i / first.Count) % last.Count])];
    }
}
