namespace MiniMind.Coordinator.Workers;

/// <summary>A worker's process on this machine.</summary>
public interface IWorkerProcess
{
    /// <summary>The worker's name in its run.</summary>
    string Name { get; }

    /// <summary>Completes when the process has ended and all of its output is in the log; never fails.</summary>
    Task<WorkerExit> Exit { get; }

    /// <summary>Ends the process and those that it started, without asking (SIGKILL). Nothing happens when it has ended already.</summary>
    void Kill();

    /// <summary>Asks it to finish its step and go (SIGTERM). Nothing happens when it has ended already.</summary>
    void Leave();
}

/// <summary>How a worker's process ended. Killed by signal N it has exit code 128 + N.</summary>
/// <param name="Name">The worker.</param>
/// <param name="ExitCode">Exit code of its process; null when the system tells it to nobody but another process, which is gone.</param>
/// <param name="LastLines">The end of its log, oldest line first.</param>
/// <param name="LogPath">Where all of it is.</param>
public sealed record WorkerExit(string Name, int? ExitCode, IReadOnlyList<string> LastLines, string LogPath);
