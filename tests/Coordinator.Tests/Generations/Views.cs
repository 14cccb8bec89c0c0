using MiniMind.Coordinator.Generations;

namespace MiniMind.Coordinator.Tests.Generations;

/// <summary>Situations for the generation rule, in short. A worker's name is one letter, its age the letter's place in the alphabet.</summary>
internal static class Views
{
    public static readonly GenerationOptions Options = new(ExpectedWorkers: 3, TimeSpan.FromSeconds(60), Silence: TimeSpan.FromSeconds(15));

    public static WorkerView Worker(char name, int incarnation = 1) => new(
        name.ToString(), $"{name}#{incarnation}", $"{name}:1", name - 'a' + 26 * (incarnation - 1), Prepared: true, Connected: true, TimeSpan.Zero, Leaving: false);

    public static IReadOnlyList<WorkerView> Workers(string names) => [.. names.Select(name => Worker(name))];

    /// <param name="workers">All that are known and well.</param>
    /// <param name="members">Those of the newest generation.</param>
    /// <param name="apart">Pairs that cannot reach each other, such as "ab cd".</param>
    public static ClusterView View(string workers, string members = "", string apart = "", bool troubled = false, double waiting = 0) => new(
        Workers(workers), members.Length == 0 ? 0 : 4, [.. members.Select(name => (name.ToString(), $"{name}#1"))], troubled,
        [.. apart.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => (pair[..1], pair[1..]))], TimeSpan.FromSeconds(waiting));

    /// <summary>The view with one worker in another state.</summary>
    public static ClusterView With(this ClusterView view, char name, Func<WorkerView, WorkerView> change) =>
        view with { Workers = [.. view.Workers.Select(worker => worker.Worker == name.ToString() ? change(worker) : worker)] };

    public static string Names(IEnumerable<WorkerView> workers) => string.Concat(workers.Select(worker => worker.Worker));
}
