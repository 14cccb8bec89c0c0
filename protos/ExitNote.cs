using System.Globalization;

namespace MiniMind.Protos;

/// <summary>What a worker writes last into its log: the system keeps an exit code for the parent only, which may be gone.</summary>
public static class ExitNote
{
    /// <summary>The line, without the end of it.</summary>
    public static string Of(int processId, int exitCode) => string.Create(CultureInfo.InvariantCulture, $"process {processId} ends with exit code {exitCode}");
}
