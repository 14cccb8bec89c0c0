using MiniMind.Coordinator.Ingestion;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>One step of the pipeline. Paths are as the user wrote them, relative to the current directory.</summary>
public abstract record Stage
{
    /// <summary>Unique in its run; the kind unless the run file renames it.</summary>
    public required string Name { get; init; }

    /// <summary>What the stage does: a member of <see cref="StageKinds"/>.</summary>
    public abstract string Kind { get; }

    /// <summary>Data files, in order; never empty.</summary>
    public required IReadOnlyList<string> Data { get; init; }
}

/// <summary>The kinds of stages that a run file may name.</summary>
public static class StageKinds
{
    public const string Tokenizer = "tokenizer";
    public const string Pretrain = "pretrain";
    public const string Sft = "sft";
    public const string Eval = "eval";

    public static readonly IReadOnlyList<string> All = [Tokenizer, Pretrain, Sft, Eval];
}

/// <summary>Trains the run's own tokenizer.</summary>
public sealed record TokenizerStage : Stage
{
    public override string Kind => StageKinds.Tokenizer;

    /// <summary>Tokens in all, special tokens and bytes included; training may stop below it on little data.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Pairs seen less often are not merged.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>Part of the texts that is read, above 0 to 1.</summary>
    public double Sample { get; init; } = 1;

    /// <summary>Whose special tokens and chat template it gets: one of <see cref="TokenizerFamilies.Names"/>.</summary>
    public string Family { get; init; } = TokenizerFamilies.Names[0];

    public required ulong Seed { get; init; }

    public required BadLines BadLines { get; init; }

    /// <summary>The same in the trainer's words.</summary>
    public BpeTrainerOptions Options => new()
    {
        VocabularySize = VocabularySize, MinFrequency = MinFrequency, Sample = Sample, Seed = unchecked((long)Seed), SpecialTokens = TokenizerFamilies.SpecialTokens(Family),
    };
}

/// <summary>Asks held-out questions, before the first training stage and here, and counts exact matches.</summary>
public sealed record EvalStage : Stage
{
    public override string Kind => StageKinds.Eval;

    /// <summary>Questions shown with their answers at the end of the run.</summary>
    public required int Samples { get; init; }

    /// <summary>Longest answer, in tokens.</summary>
    public required int MaxNewTokens { get; init; }
}
