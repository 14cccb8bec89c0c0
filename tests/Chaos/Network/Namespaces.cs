using System.Globalization;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Network;

/// <summary>The network namespaces of this process, and what processes before it that were killed have left. A name tells whose it is: minimind-chaos-PROCESS-PARTY.</summary>
public static class Namespaces
{
    private const string Folder = "/run/netns";
    private const string Prefix = "minimind-chaos-";

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? Missing()
    {
        if (!Environment.IsPrivilegedProcess) return "--network namespaces: expected root, because only root makes network namespaces; use sudo, or --network proxies";
        string[] programs = ["ip", "tc", "ss"];
        return programs.FirstOrDefault(program => !SystemCommand.Exists(program)) is { } missing
            ? $"--network namespaces: expected the programs {string.Join(", ", programs)}, found no {missing}; apt-get install iproute2"
            : null;
    }

    /// <summary>Name of a party's namespace.</summary>
    public static string NameOf(string party) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{party}");

    /// <summary>Whether a namespace was made by a process that is gone.</summary>
    /// <param name="name">Of the namespace.</param>
    /// <param name="isRunning">Whether a process, by its id, is there.</param>
    public static bool IsAbandoned(string name, Func<int, bool> isRunning) => OwnerOf(name) is { } owner && !isRunning(owner);

    /// <summary>Takes down what processes left that are gone, with all that still runs inside.</summary>
    public static void RemoveAbandoned() => Remove(name => IsAbandoned(name, Signals.IsRunning));

    /// <summary>Takes down what this process has made, with all that still runs inside.</summary>
    public static void RemoveOwn() => Remove(name => OwnerOf(name) == Environment.ProcessId);

    private static int? OwnerOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal)
        && int.TryParse(name[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var owner) ? owner : null;

    private static void Remove(Func<string, bool> which)
    {
        if (!Directory.Exists(Folder)) return;
        foreach (var name in Directory.GetFiles(Folder).Select(Path.GetFileName).OfType<string>().Where(which))
        {
            foreach (var id in SystemCommand.Run("ip", "netns", "pids", name).Split('\n', StringSplitOptions.RemoveEmptyEntries)) End(id);
            SystemCommand.Run("ip", "netns", "del", name);
        }
    }

    private static void End(string processId)
    {
        try
        {
            Signals.Send(int.Parse(processId, CultureInfo.InvariantCulture), Signal.Kill);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // It has just ended.
        }
    }
}
