using MiniMind.Text;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Keeps two coordinators out of one run's folder; let go by the operating system when the process dies.</summary>
internal static class RunLock
{
    /// <exception cref="InputException">Another process works in the folder.</exception>
    public static FileStream Take(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault)
        {
            throw new InputException($"{Path.GetDirectoryName(path)}: another minimind works in this folder; wait for it, or choose another folder with --out", fault);
        }
    }
}
