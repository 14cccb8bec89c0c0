using System.CommandLine;
using MiniMind.Worker.CommandLine;

var parsed = Verbs.Build().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
{
    foreach (var fault in parsed.Errors) Console.Error.WriteLine($"error: {fault.Message}");
    Console.Error.WriteLine($"'minimind {parsed.CommandResult.Command.Name} --help' shows what is possible.");
    return 2;
}
try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception fault)
{
    return FaultReport.Write(fault, Console.Error);
}
