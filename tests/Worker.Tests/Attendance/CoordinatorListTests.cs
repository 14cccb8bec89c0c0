using MiniMind.Worker.Attendance;

namespace MiniMind.Worker.Tests.Attendance;

public class CoordinatorListTests
{
    [Fact]
    public void All_are_tried_in_a_circle()
    {
        var list = new CoordinatorList("http://a:1, http://b:2");
        Assert.Equal("http://a:1", list.After(null));
        Assert.Equal("http://b:2", list.After("http://a:1"));
        Assert.Equal("http://a:1", list.After("http://b:2"));
    }

    [Fact]
    public void Those_that_one_of_them_names_come_first_and_the_given_ones_stay()
    {
        var list = new CoordinatorList("http://a:1");
        list.Learn(["http://b:2", "http://c:3"]);
        Assert.Equal("http://b:2", list.After("http://gone:9"));
        Assert.Equal("http://c:3", list.After("http://b:2"));
        Assert.Equal("http://a:1", list.After("http://c:3"));
        Assert.Equal("http://b:2, http://c:3, http://a:1", list.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" , ")]
    public void At_least_one_is_needed(string addresses) => Assert.Throws<ArgumentException>(() => new CoordinatorList(addresses));
}
