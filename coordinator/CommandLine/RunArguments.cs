using System.CommandLine;
using System.Globalization;
using MiniMind.Coordinator.Services;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>The arguments of verbs that take a run file.</summary>
internal sealed class RunArguments
{
    private readonly Argument<string> _file = new("FILE") { Description = "The run file (YAML)." };
    private readonly Option<string[]> _set = new("--set") { Description = "Override a value of the run file; may be repeated. KEY is a top-level key, or a stage's name, 'model' or 'sample' with a dot and a key.", HelpName = "KEY=VALUE", AllowMultipleArgumentsPerToken = false, DefaultValueFactory = _ => [] };
    private readonly Option<int?> _workers = new("--workers") { Description = "Number of worker processes; changes the speed, never the result. 0: all come from elsewhere.", HelpName = "N", CustomParser = OptionValues.CountOrNone };
    private readonly Option<string?> _folder = new("--out") { Description = "Folder that the run writes.", HelpName = "DIR" };
    private readonly Option<string?> _device = new("--device") { Description = "Where tensors live.", HelpName = "cpu|cuda" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on from the newest checkpoint in the run's folder." };
    private readonly Option<string?> _redis = new("--redis") { Description = "Share the run with every process that was given the same run file, --out and --redis: one leads it, the others take over when it dies.", HelpName = "HOST:PORT" };
    private readonly Option<string?> _listen = new("--listen") { Description = "Where workers, and other coordinators, reach this one; without a port: any free one. Default: 127.0.0.1, for workers of this machine.", HelpName = "ADDRESS[:PORT]" };
    private readonly Option<string?> _advertise = new("--advertise") { Description = "What workers are told instead, where something forwards it.", HelpName = "HOST:PORT" };
    private readonly Option<bool> _plain = new("--plain") { Description = "Log lines instead of the live display." };
    private readonly Option<bool> _verbose = new(CommandTree.Verbose) { Description = "Show stack traces and internal logs." };

    public RunArguments() => _device.AcceptOnlyFromAmong(RunFiles.RunFile.Cpu, RunFiles.RunFile.Cuda);

    /// <param name="command">The verb.</param>
    /// <param name="training">Whether the verb trains; otherwise it does not take what only matters for that.</param>
    public void AddTo(Command command, bool training)
    {
        command.Add(_file);
        command.Add(_set);
        if (training) command.Add(_workers);
        command.Add(_folder);
        if (training) command.Add(_device);
        if (training) command.Add(_resume);
        if (training) command.Add(_redis);
        if (training) command.Add(_listen);
        if (training) command.Add(_advertise);
        command.Add(_plain);
        command.Add(_verbose);
    }

    public RunOptions Read(ParseResult parsed) => new()
    {
        File = parsed.GetRequiredValue(_file),
        Overrides = Overrides(parsed),
        Resume = parsed.GetValue(_resume),
        Redis = parsed.GetValue(_redis),
        Endpoint = CoordinatorEndpoint.Parse(parsed.GetValue(_listen), parsed.GetValue(_advertise)),
        Plain = parsed.GetValue(_plain),
        SharedCache = Ingestion.CacheFolders.Default(),
        Verbose = parsed.GetValue(_verbose),
    };

    private List<string> Overrides(ParseResult parsed)
    {
        var overrides = (parsed.GetValue(_set) ?? []).ToList();
        if (parsed.GetValue(_workers) is { } count) overrides.Add(string.Create(CultureInfo.InvariantCulture, $"workers={count}"));
        if (parsed.GetValue(_folder) is { } folder) overrides.Add($"out='{folder.Replace("'", "''", StringComparison.Ordinal)}'");
        if (parsed.GetValue(_device) is { } device) overrides.Add($"device={device}");
        return overrides;
    }
}
