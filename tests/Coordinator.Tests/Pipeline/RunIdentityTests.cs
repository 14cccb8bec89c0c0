using MiniMind.Coordinator.Pipeline;

namespace MiniMind.Coordinator.Tests.Pipeline;

public sealed class RunIdentityTests
{
    [Fact]
    public void Identity_changes_with_everything_that_may_change_bits()
    {
        string[] identities =
        [
            RunIdentity.Compute("run", "tokenizer", ["one", "two"]), RunIdentity.Compute("other", "tokenizer", ["one", "two"]),
            RunIdentity.Compute("run", "other", ["one", "two"]), RunIdentity.Compute("run", "tokenizer", ["two", "one"]),
            RunIdentity.Compute("run", "tokenizer", ["one"]), RunIdentity.Compute("run", "tokenizer", ["onetwo"]),
        ];
        Assert.Equal(identities.Length, identities.Distinct().Count());
        Assert.Equal(identities[0], RunIdentity.Compute("run", "tokenizer", ["one", "two"]));
    }
}
