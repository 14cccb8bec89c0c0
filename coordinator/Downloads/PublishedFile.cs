using MiniMind.Coordinator.RunFiles;
using MiniMind.Text;

namespace MiniMind.Coordinator.Downloads;

/// <summary>A data file that MiniMind's authors publish.</summary>
/// <param name="Name">What users call it.</param>
/// <param name="Stage">The stage that it is for.</param>
/// <param name="Generation">MiniMind's year.</param>
/// <param name="Megabytes">About its size.</param>
internal sealed record PublishedFile(string Name, string Stage, int Generation, int Megabytes)
{
    /// <summary>Its name on the hubs.</summary>
    public string File => Name + ".jsonl";

    public static readonly IReadOnlyList<PublishedFile> All =
    [
        new("pretrain_t2t_mini", "pretrain", 2026, 1200), new("pretrain_t2t", "pretrain", 2026, 10_000),
        new("sft_t2t_mini", "sft", 2026, 1600), new("sft_t2t", "sft", 2026, 14_000),
        new("dpo", "dpo", 2026, 53), new("rlaif", "rlaif", 2026, 24), new("agent_rl", "agent_rl", 2026, 86),
        new("pretrain_hq", "pretrain", 2025, 1600), new("sft_mini_512", "sft", 2025, 1200), new("sft_512", "sft", 2025, 7500),
        new("sft_1024", "sft", 2025, 5600), new("sft_2048", "sft", 2025, 9000), new("r1_mix_1024", "reason", 2025, 340),
        new("lora_identity", "lora", 2025, 1), new("lora_medical", "lora", 2025, 34),
    ];

    /// <param name="name">With or without ".jsonl".</param>
    /// <exception cref="InputException">No such file is known.</exception>
    public static PublishedFile Find(string name)
    {
        string bare = name.EndsWith(".jsonl", StringComparison.Ordinal) ? name[..^".jsonl".Length] : name;
        return All.FirstOrDefault(file => file.Name == bare)
            ?? throw new InputException($"expected the name of a published file, found '{name}'; {NearestWord.Suggest(bare, [.. All.Select(file => file.Name)])} (--list shows all, --file NAME takes any other file of that dataset)");
    }
}
