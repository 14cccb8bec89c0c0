using System.CommandLine;
using System.CommandLine.Parsing;
using MiniMind.Coordinator.RunFiles;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>What looks like an option, but is none of the command's: the parser would take it for a file's name.</summary>
internal static class UnknownOptions
{
    private const string Prefix = "--";

    /// <summary>A message for each, with the nearest option that there is.</summary>
    /// <param name="parsed">The command line as it was understood.</param>
    /// <param name="typed">The same as it was typed; what follows "--" is no option.</param>
    public static IReadOnlyList<string> Of(ParseResult parsed, IReadOnlyList<string> typed)
    {
        var options = typed.TakeWhile(word => word != Prefix).Where(word => word.StartsWith(Prefix, StringComparison.Ordinal)).ToHashSet();
        var taken = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value);
        var known = parsed.CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options.Where(option => option.Recursive)).Select(option => option.Name).ToHashSet();
        return [.. taken.Concat(parsed.UnmatchedTokens).Where(options.Contains).Distinct().Select(word => $"{word}: there is no such option; {NearestWord.Suggest(word.Split('=')[0], known)}")];
    }
}
