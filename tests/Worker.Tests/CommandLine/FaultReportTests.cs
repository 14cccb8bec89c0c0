using System.Runtime.InteropServices;
using MiniMind.Text;
using MiniMind.Worker.CommandLine;

namespace MiniMind.Worker.Tests.CommandLine;

public sealed class FaultReportTests
{
    public static TheoryData<Exception, int, string> Faults => new()
    {
        { new InputException("a.json: expected x"), 2, "error: a.json: expected x" },
        { new AggregateException(new InputException("a.json: expected x")), 2, "error: a.json: expected x" },
        { new IOException("No space left on device"), 1, "error: No space left on device" },
        { new NativeFault("index out of range\nException raised from ..."), 1, "error: libtorch: index out of range (Exception raised from ...)" },
        { new InvalidOperationException("broken"), 1, "error: this program failed (InvalidOperationException): broken" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Write_any_fault_is_one_line_and_an_exit_code(Exception fault, int code, string line)
    {
        using var error = new StringWriter();
        Assert.Equal(code, FaultReport.Write(fault, error));
        Assert.Equal(line, error.ToString().TrimEnd());
    }

    /// <summary>As TorchSharp throws them, whose own class is reserved.</summary>
    private sealed class NativeFault(string message) : ExternalException(message);
}
