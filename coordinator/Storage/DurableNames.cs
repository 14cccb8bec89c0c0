namespace MiniMind.Coordinator.Storage;

/// <summary>Changes of names that are on the disk when they return.</summary>
public static class DurableNames
{
    /// <summary>Makes a folder and those around it that are missing.</summary>
    public static void MakeFolder(this IDisk disk, string path)
    {
        if (disk.FolderExists(path)) return;
        var around = Path.GetDirectoryName(Path.GetFullPath(path))!;
        disk.MakeFolder(around);
        disk.CreateFolder(path);
        disk.FlushFolder(around);
    }

    /// <summary>Gives a file, link or folder, whose content is on the disk, its final name.</summary>
    public static void Publish(this IDisk disk, string temporary, string path)
    {
        disk.Rename(temporary, path);
        disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Deletes what a process that was killed has not given its final name; for a time when nobody makes the like.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="name">How the final names begin.</param>
    public static void RemoveTemporaries(this IDisk disk, string folder, string name = "")
    {
        if (!disk.FolderExists(folder)) return;
        foreach (var path in disk.FilesIn(folder).ToList())
        {
            var file = Path.GetFileName(path);
            if (file.StartsWith(name + (name.Length > 0 ? "." : ""), StringComparison.Ordinal) && file.EndsWith(AtomicFile.Temporary, StringComparison.Ordinal)) disk.Delete(path);
        }
    }

    /// <summary>
    /// Flushes the names below a folder, its own, and those of the folders around it. For a time before anybody relies on what lies there: a process that was killed may have changed names that
    /// it did not come to flush.
    /// </summary>
    public static void FlushTree(this IDisk disk, string folder)
    {
        if (!disk.FolderExists(folder)) return;
        Flush(folder);
        for (var around = Path.GetDirectoryName(Path.GetFullPath(folder)); around is not null; around = Path.GetDirectoryName(around)) disk.FlushFolder(around);

        void Flush(string path)
        {
            disk.FlushFolder(path);
            foreach (var inner in disk.FoldersIn(path)) Flush(inner);
        }
    }
}
