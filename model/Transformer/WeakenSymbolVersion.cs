// Compiled by MSBuild as an inline task (see Libtorch.targets), not part of the library.
using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Writes a copy of a 64-bit little-endian ELF library in which the requirement of one symbol version is weak.
/// A library without that requirement is copied as it is: newer ones may need no repair.
/// Source: System V ABI, LSB core 10.7.3 "Version Requirements" (Elf64_Verneed, Elf64_Vernaux).
/// </summary>
public class WeakenSymbolVersion : Task
{
    private const uint SectionTypeVersionNeed = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    [Required] public string Source { get; set; }
    [Required] public string Destination { get; set; }
    [Required] public string Version { get; set; }

    public override bool Execute()
    {
        var elf = File.ReadAllBytes(Source);
        var changed = Weaken(elf);
        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        var temporary = Destination + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(temporary, elf);
        if (File.Exists(Destination)) File.Delete(Destination);
        File.Move(temporary, Destination);
        if (changed > 0) Log.LogMessage(MessageImportance.Normal, "{0}: {1} requirement(s) of {2} made weak", Path.GetFileName(Source), changed, Version);
        else Log.LogMessage(MessageImportance.High, "{0}: no requirement of {1} found, copied as it is; the repair may no longer be needed", Source, Version);
        return true;
    }

    private int Weaken(byte[] elf)
    {
        if (elf.Length < 64 || BitConverter.ToUInt32(elf, 0) != 0x464c457f || elf[4] != 2 || elf[5] != 1) return 0;
        var sections = (int)BitConverter.ToInt64(elf, 0x28);
        var entrySize = BitConverter.ToUInt16(elf, 0x3a);
        var count = BitConverter.ToUInt16(elf, 0x3c);
        var changed = 0;
        for (var i = 0; i < count; i++)
        {
            var header = sections + i * entrySize;
            if (BitConverter.ToUInt32(elf, header + 4) != SectionTypeVersionNeed) continue;
            var need = (int)BitConverter.ToInt64(elf, header + 0x18);
            var needs = BitConverter.ToInt32(elf, header + 0x2c);
            var strings = (int)BitConverter.ToInt64(elf, sections + BitConverter.ToInt32(elf, header + 0x28) * entrySize + 0x18);
            for (; needs > 0; needs--, need += BitConverter.ToInt32(elf, need + 12))
                changed += WeakenEntries(elf, need, strings);
        }
        return changed;
    }

    private int WeakenEntries(byte[] elf, int need, int strings)
    {
        var changed = 0;
        var entry = need + BitConverter.ToInt32(elf, need + 8);
        for (int left = BitConverter.ToUInt16(elf, need + 2); left > 0; left--, entry += BitConverter.ToInt32(elf, entry + 12))
        {
            var name = strings + BitConverter.ToInt32(elf, entry + 8);
            var end = Array.IndexOf(elf, (byte)0, name);
            if (Encoding.ASCII.GetString(elf, name, end - name) != Version) continue;
            elf[entry + 4] |= (byte)WeakFlag;
            changed++;
        }
        return changed;
    }
}
