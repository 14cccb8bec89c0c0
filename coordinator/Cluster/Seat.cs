using System.Text;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Storage;

namespace MiniMind.Coordinator.Cluster;

/// <summary>
/// The place of one of several coordinators in the folder that they share: a name that no other living one has, and that the next process on this
/// machine gets again, with the workers that outlived its predecessor.
/// </summary>
public sealed class Seat : IDisposable
{
    private readonly FileStream _lock;
    private readonly FileStream _shared;

    private Seat(string name, FileStream held, FileStream shared) => (Name, _lock, _shared) = (name, held, shared);

    /// <summary>MACHINE-N.</summary>
    public string Name { get; }

    /// <summary>Takes the first seat of this machine that is free.</summary>
    /// <exception cref="InputException">A coordinator that shares with nobody works in the folder, or it cannot be written.</exception>
    public static Seat Take(RunFolder folder)
    {
        try
        {
            Directory.CreateDirectory(folder.Root);
            var shared = ShareFolder(folder);
            for (var index = 0; ; index++)
            {
                var name = $"{Uri.EscapeDataString(Environment.MachineName)}-{index}";
                if (TryOpen(folder.SeatLockOf(name)) is { } held) return new Seat(name, held, shared);
            }
        }
        catch (IOException fault) when (LockFile.IsHeld(fault))
        {
            throw new InputException($"{folder.Root}: a minimind without --redis works in this folder; end it first, or choose another folder with --out", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException && !DiskFull.IsCause(fault))
        {
            throw new InputException($"{folder.Root}: expected a folder that can be written, found: {fault.Message}; choose another one with --out", fault);
        }
    }

    /// <summary>A name for the run that no other folder's run has, made by whoever comes first.</summary>
    public static string ClusterOf(RunFolder folder)
    {
        var path = Path.Combine(folder.Root, ".cluster");
        if (!File.Exists(path))
        {
            var mine = $"{path}.{Guid.NewGuid():N}";
            using (var file = File.Create(mine))
            {
                file.Write(Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N")));
                file.Flush(flushToDisk: true);
            }
            try
            {
                File.Move(mine, path, overwrite: false);
                FolderFlush.ToDisk(folder.Root);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(mine);
            }
        }
        return File.ReadAllText(path);
    }

    public void Dispose()
    {
        _lock.Dispose();
        _shared.Dispose();
    }

    /// <summary>Keeps out whoever wants the folder alone.</summary>
    private static FileStream ShareFolder(RunFolder folder)
    {
        if (!File.Exists(folder.Lock)) File.Open(folder.Lock, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
        return new FileStream(folder.Lock, FileMode.Open, FileAccess.Read, FileShare.Read);
    }

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return LockFile.Open(path);
        }
        catch (IOException fault) when (LockFile.IsHeld(fault))
        {
            return null;
        }
    }
}
