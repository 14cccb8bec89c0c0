using System.Text;
using System.Text.Json;
using MiniMind.Text.Chat;

namespace MiniMind.Text.Tests.Chat;

public sealed class PythonJsonTests
{
    /// <summary>Expected values: Python 3.11, <c>json.dumps(json.loads(text), ensure_ascii=False)</c>.</summary>
    [Theory]
    [InlineData("{\"a\":[],\"b\":{}}", "{\"a\": [], \"b\": {}}")]
    [InlineData("[1,-2,12345678901234567890123,-0]", "[1, -2, 12345678901234567890123, 0]")]
    [InlineData("[1.0,0.10,-0.0,100.25,123456789.123]", "[1.0, 0.1, -0.0, 100.25, 123456789.123]")]
    [InlineData("[1e15,1e16,1.5e300,123456789012345678.0]", "[1000000000000000.0, 1e+16, 1.5e+300, 1.2345678901234568e+17]")]
    [InlineData("[0.0001,0.00001,1.25e-9,5e-324]", "[0.0001, 1e-05, 1.25e-09, 5e-324]")]
    [InlineData("[1E2,2e+2,1e400]", "[100.0, 200.0, Infinity]")]
    [InlineData("[true,false,null]", "[true, false, null]")]
    [InlineData("\"\\u00e9\\/<>&'\\u0001\\u007f\\ud83d\\ude42\\t\"", "\"é/<>&'\\u0001\u007f🙂\\t\"")]
    public void Write_prints_what_python_prints(string json, string expected)
    {
        var output = new StringBuilder();
        PythonJson.Write(output, JsonElement.Parse(json));
        Assert.Equal(expected, output.ToString());
    }
}
