namespace MiniMind.Worker.SelfTest;

/// <summary>One check of this program's numbers against files that MiniMind's own code has computed.</summary>
public interface IGoldenCase
{
    /// <summary>The name of the files without extension ("trajectory"), or their path below the folder ("text/chat.jsonl").</summary>
    string Name { get; }

    /// <summary>Computes and compares.</summary>
    /// <exception cref="Text.InputException">A file is damaged or lacks something.</exception>
    void Run(GoldenFolder folder, GoldenComparison comparison);
}
