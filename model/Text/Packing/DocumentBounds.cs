namespace MiniMind.Text.Packing;

/// <summary>The rule of document starts: ascending slots, the first 0, all inside the sequence.</summary>
internal static class DocumentBounds
{
    public static void Check(ReadOnlySpan<int> starts, int length, Func<string, Exception> fault)
    {
        if (starts.IsEmpty || starts[0] != 0) throw fault("the first document of a sequence must start at slot 0");
        for (int i = 1; i < starts.Length; i++)
            if (starts[i] <= starts[i - 1] || starts[i] >= length)
                throw fault($"document {i} starts at slot {starts[i]}, after one at {starts[i - 1]}, in a sequence of {length}");
    }
}
