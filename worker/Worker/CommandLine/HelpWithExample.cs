using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MiniMind.Worker.CommandLine;

/// <summary>The library's help followed by an example, by the names of the commands.</summary>
internal sealed class HelpWithExample(HelpAction help, IReadOnlyDictionary<string, string> examples) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = help.Invoke(parseResult);
        if (!examples.TryGetValue(parseResult.CommandResult.Command.Name, out var line)) return code;
        parseResult.InvocationConfiguration.Output.WriteLine($"Example:{Environment.NewLine}  {line}{Environment.NewLine}");
        return code;
    }
}
