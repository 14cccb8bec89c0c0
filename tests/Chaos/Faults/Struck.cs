namespace MiniMind.Chaos.Faults;

/// <summary>What a fault did.</summary>
/// <param name="Words">For people.</param>
/// <param name="MendAsync">Undoes it; null when nothing remains of it.</param>
public sealed record Struck(string Words, Func<Task>? MendAsync)
{
    /// <summary>What is undone at once.</summary>
    public Struck(string words, Action mend)
        : this(words, () =>
        {
            mend();
            return Task.CompletedTask;
        })
    {
    }
}
