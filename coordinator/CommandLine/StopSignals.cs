using System.Runtime.InteropServices;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>
/// Ctrl-C, SIGTERM and a closed terminal (SIGHUP) as a token: the first one asks for an orderly end (a run checkpoints), a second Ctrl-C or SIGTERM
/// ends the process, and those that it started, at once. (Of a closed terminal both the shell and the kernel tell.)
/// A terminal sends Ctrl-C to the worker processes too; they ignore it by design and follow the run's stop flag.
/// </summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations;

    private readonly bool _orderly;

    /// <param name="orderly">SIGTERM and SIGHUP end nothing halfway, so they are a success; otherwise what was asked for is not done, and the exit code says so.</param>
    public StopSignals(bool orderly)
    {
        _orderly = orderly;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle),
        ];
    }

    public CancellationToken Token => _stop.Token;

    /// <summary>Exit code of the signal that came first; null while none has come.</summary>
    public int? ExitCode { get; private set; }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (ExitCode is null)
        {
            ExitCode = CodeOf(context.Signal);
            _stop.Cancel();
        }
        // In order, so that whoever started processes can end them.
        else if (context.Signal == PosixSignal.SIGINT) Environment.Exit(ExitCodes.Interrupted);
        else if (context.Signal == PosixSignal.SIGTERM) Environment.Exit(ExitCodes.Terminated);
    }

    private int CodeOf(PosixSignal signal) =>
        signal == PosixSignal.SIGINT ? ExitCodes.Interrupted
        : _orderly ? ExitCodes.Success
        : signal == PosixSignal.SIGTERM ? ExitCodes.Terminated : ExitCodes.HungUp;
}
