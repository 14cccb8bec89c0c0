using MiniMind.Worker.SelfTest;

namespace MiniMind.Worker.Tests.SelfTest;

public sealed class GoldenComparisonTests
{
    [Fact]
    public void Worst_is_the_largest_error_and_stays_with_one_that_is_no_number()
    {
        using var output = new StringWriter();
        var comparison = new GoldenComparison(output);

        comparison.Scalar("small", 1.01, 1);
        comparison.Scalar("large", 3, 1);
        comparison.Scalar("between", 2, 1);
        Assert.Equal(("large", 2.0), comparison.Worst);

        comparison.Scalar("undefined", double.NaN, 1);
        comparison.Scalar("later", 9, 1);
        Assert.Equal("undefined", comparison.Worst.Name);
        Assert.Equal((5, 5), (comparison.Compared, comparison.Failed));
    }
}
