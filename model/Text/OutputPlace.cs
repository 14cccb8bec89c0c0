namespace MiniMind.Text;

/// <summary>Places that a user asked a program to write to: refused before any work is done for them, if nothing can be written there. Nothing is left there.</summary>
public static class OutputPlace
{
    /// <param name="path">A folder that is made with those above it, unless it is there.</param>
    /// <param name="option">The option that names it, such as "--out".</param>
    /// <exception cref="InputException">It is a file, or nothing can be written there.</exception>
    public static void RequireFolder(string path, string option)
    {
        if (File.Exists(path)) throw new InputException($"{option} {path}: expected a folder to write to, found a file; choose another one");
        Try(path, option, () => MakeFile(NearestFolder(Path.GetFullPath(path))));
    }

    /// <param name="path">A file that is made with the folders above it, or replaced.</param>
    /// <param name="option">The option that names it, such as "--out".</param>
    /// <exception cref="InputException">It is a folder, or nothing can be written there.</exception>
    public static void RequireFile(string path, string option)
    {
        if (Directory.Exists(path)) throw new InputException($"{option} {path}: expected the name of a file to write to, found a folder");
        Try(path, option, () =>
        {
            if (File.Exists(path)) new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite).Dispose();
            else MakeFile(NearestFolder(Path.GetDirectoryName(Path.GetFullPath(path))!));
        });
    }

    /// <summary>Why the system refuses to read or write, for a sentence after "found".</summary>
    public static string Words(Exception fault) => fault switch
    {
        UnauthorizedAccessException => "that access is denied",
        // The system's own words would name a file that nobody asked for.
        FileNotFoundException or DirectoryNotFoundException => "that nothing can be made there",
        _ => $"that {fault.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.')}",
    };

    private static void Try(string path, string option, Action attempt)
    {
        try
        {
            attempt();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{option} {path}: expected a place that can be written, found {Words(fault)}; choose another one", fault);
        }
    }

    /// <summary>The folder itself, or the first one above it that is there.</summary>
    private static string NearestFolder(string folder)
    {
        while (!Path.Exists(folder) && Path.GetDirectoryName(folder) is { } above) folder = above;
        return File.Exists(folder) ? throw new IOException($"{folder} is a file") : folder;
    }

    private static void MakeFile(string folder)
    {
        string path = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
    }
}
