using MiniMind.Coordinator.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Keeps two coordinators out of one run's folder; let go by the operating system when the process dies.</summary>
internal static class RunLock
{
    /// <summary>Keeps everybody out who would change the folder; a copy of one may lie where nothing can be written.</summary>
    /// <exception cref="InputException">Another process works in the folder, or it cannot be read.</exception>
    public static FileStream Watch(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        try
        {
            return LockFile.Watch(path);
        }
        catch (IOException fault) when (LockFile.IsHeld(fault))
        {
            throw new InputException($"{folder}: another minimind works in this folder; wait for it, or ask about a copy", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: expected a folder that can be read, found {OutputPlace.Words(fault)}", fault);
        }
    }

    /// <summary>Makes the folder, if need be, and takes the lock in it.</summary>
    /// <exception cref="InputException">Another process works in the folder, or it cannot be written.</exception>
    public static FileStream Take(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        try
        {
            Directory.CreateDirectory(folder);
            return LockFile.Open(path);
        }
        catch (IOException fault) when (LockFile.IsHeld(fault))
        {
            throw new InputException($"{folder}: another minimind works in this folder; wait for it, or choose another folder with --out", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException && !DiskFull.IsCause(fault))
        {
            throw new InputException($"{folder}: expected a folder that can be written, found {OutputPlace.Words(fault)}; choose another one with --out", fault);
        }
    }
}
