namespace MiniMind.Coordinator.Storage;

/// <summary>
/// What must survive a power cut goes through this: the system's files, or a test's. Every change is seen by all processes at once, but is on the disk only
/// after a flush: bytes after <see cref="Flush"/>, names (of what was made, renamed or deleted) after <see cref="FlushFolder"/> of the folder that they are in.
/// What was not flushed may be lost in any part and any order. Faults are IOExceptions.
/// </summary>
public interface IDisk
{
    bool FileExists(string path);

    bool FolderExists(string path);

    /// <summary>Bytes of a file; null when there is none.</summary>
    long? SizeOf(string path);

    /// <summary>Full paths of the files and links in a folder, in no order.</summary>
    IEnumerable<string> FilesIn(string folder);

    /// <summary>Full paths of the folders in a folder, in no order.</summary>
    IEnumerable<string> FoldersIn(string folder);

    /// <summary>Opens a file for reading and seeking; the caller disposes the stream.</summary>
    Stream OpenRead(string path);

    /// <summary>Makes a file that must not be there yet; the caller disposes the stream.</summary>
    Stream Create(string path);

    /// <summary>Opens a file to write at its end, and makes it when it is missing; the caller disposes the stream.</summary>
    Stream Append(string path);

    /// <summary>All bytes of the file behind a stream of <see cref="Create"/> or <see cref="Append"/> are on the disk when this returns.</summary>
    void Flush(Stream file);

    /// <summary>Cuts a file short; its new length is on the disk when this returns.</summary>
    void Truncate(string path, long length);

    /// <summary>Gives a file, link or folder another name, at once; a file or link that has that name is replaced.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file or link; nothing happens when there is none.</summary>
    void Delete(string path);

    /// <summary>Makes a symbolic link that must not be there yet.</summary>
    void Link(string path, string target);

    /// <summary>Makes one folder inside of one that is there.</summary>
    void CreateFolder(string path);

    /// <summary>Deletes a folder with all that is in it.</summary>
    void DeleteFolder(string path);

    /// <summary>Names in the folder are on the disk as they are when this returns.</summary>
    void FlushFolder(string path);
}
