namespace MiniMind.Coordinator.ToyWorld;

/// <summary>
/// The values that are ordinary words. At least <see cref="ToyWorldOptions.Values"/> of each, so that always giving the most frequent answer stays
/// below one in twenty. Jobs begin with a consonant ("a baker").
/// </summary>
internal static class KnownValues
{
    public static readonly IReadOnlyList<Bilingual> Jobs = Bilingual.Pairs(
        "baker 面包师, weaver 织工, doctor 医生, teacher 教师, farmer 农民, sailor 水手, painter 画家, carpenter 木匠, blacksmith 铁匠, gardener 园丁, "
        + "tailor 裁缝, miner 矿工, judge 法官, pilot 飞行员, nurse 护士, cook 厨师, barber 理发师, hunter 猎人, dancer 舞者, singer 歌手, "
        + "writer 作家, lawyer 律师, soldier 士兵, shepherd 牧羊人, potter 陶工, banker 银行家, clockmaker 钟表匠, plumber 水管工, librarian 图书管理员, driver 司机");

    public static readonly IReadOnlyList<Bilingual> Foods = Bilingual.Pairs(
        "noodles 面条, dumplings 饺子, pancakes 煎饼, soup 肉汤, rice 米饭, bread 面包, cheese 奶酪, tofu 豆腐, mushrooms 蘑菇, potatoes 土豆, "
        + "tomatoes 番茄, pumpkin 南瓜, carrots 胡萝卜, spinach 菠菜, chicken 鸡肉, beef 牛肉, lamb 羊肉, duck 烤鸭, shrimp 虾仁, crab 螃蟹, "
        + "omelette 蛋饼, salad 沙拉, porridge 稀饭, pudding 布丁, chocolate 巧克力, biscuits 饼干, cherries 樱桃, grapes 葡萄, peaches 桃子, melon 西瓜");

    public static readonly IReadOnlyList<Bilingual> CityProducts = Bilingual.Pairs(
        "glass 玻璃, silk 丝绸, tea 茶叶, wine 美酒, salt 食盐, honey 蜂蜜, paper 纸张, jade 玉石, gold 黄金, silver 白银, "
        + "copper 铜器, iron 铁器, porcelain 瓷器, leather 皮革, wool 羊毛, cotton 棉花, amber 琥珀, pepper 胡椒, marble 大理石, timber 木材, "
        + "coal 煤炭, perfume 香水, incense 香料, lace 花边, ink 墨水, sugar 白糖, coffee 咖啡, tobacco 烟草, vinegar 陈醋, coral 珊瑚");

    public static readonly IReadOnlyList<Bilingual> Habitats = Bilingual.Pairs(
        "caves 山洞, swamps 沼泽, deserts 沙漠, meadows 草地, reefs 暗礁, dunes 沙丘, lagoons 泻湖, forests 森林, mountains 高山, valleys 山谷, "
        + "lakes 湖泊, orchards 果园, gardens 花园, ruins 废墟, cliffs 悬崖, glaciers 冰川, islands 海岛, jungles 丛林, ponds 池塘, canyons 峡谷, "
        + "volcanoes 火山, beaches 海滩, springs 温泉, hedges 树篱, cellars 地窖, attics 阁楼, barns 谷仓, vineyards 酒庄, mines 矿井, tunnels 隧道");

    public static readonly IReadOnlyList<Bilingual> Diets = Bilingual.Pairs(
        "moss 苔藓, beetles 甲虫, acorns 橡子, berries 浆果, worms 蚯蚓, snails 蜗牛, grass 青草, bark 树皮, roots 草根, seeds 种子, "
        + "leaves 树叶, flies 苍蝇, spiders 蜘蛛, frogs 青蛙, mice 老鼠, eggs 鸟蛋, nectar 花蜜, algae 海藻, clams 蛤蜊, ants 蚂蚁, "
        + "crickets 蟋蟀, pollen 花粉, lizards 蜥蜴, bananas 香蕉, bamboo 竹子, corn 玉米, wheat 小麦, nuts 坚果, figs 无花果, thistles 刺蓟");

    public static readonly IReadOnlyList<Bilingual> CompanyProducts = Bilingual.Pairs(
        "lamps 台灯, clocks 时钟, bicycles 自行车, umbrellas 雨伞, pianos 钢琴, kettles 水壶, mirrors 镜子, carpets 地毯, candles 蜡烛, bottles 瓶子, "
        + "boats 小船, trains 火车, radios 收音机, cameras 照相机, pencils 铅笔, scissors 剪刀, shoes 鞋子, hats 帽子, gloves 手套, tents 帐篷, "
        + "chairs 椅子, ladders 梯子, locks 门锁, needles 缝衣针, ropes 绳子, toys 玩具, drums 大鼓, violins 小提琴, engines 发动机, telescopes 望远镜");
}
