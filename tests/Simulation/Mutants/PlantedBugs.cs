namespace MiniMind.Simulation.Mutants;

/// <summary>Bugs that the simulation must find, by the invariant that each breaks.</summary>
internal static class PlantedBugs
{
    private const string Membership = "worker/Collectives/Membership/";
    private const string Lead = "coordinator/Generations/StageLead.cs";
    private const string Controller = "coordinator/Generations/StageController.cs";
    private const string Rule = "coordinator/Generations/GenerationRule.cs";
    private const string Storage = "coordinator/Storage/";

    private static readonly PlantedBug[] DigestEquality =
    [
        new("lanes are summed per rank", "worker/Collectives/Reduction/CanonicalTree.cs", "Collect(new LaneRange(0, lanes), range, nodes);", "if (range.Count > 0) nodes.Add(range);"),
        new("lanes are summed from the right", "worker/Collectives/Reduction/CanonicalTree.cs", "var half = 1 << (31 - int.LeadingZeroCount(node.Count - 1));", "var half = Math.Max(1, node.Count - 3);"),
        new("a copy is taken over although its digest differs", Membership + "StateCopy.cs", "if (!replica.StateDigest(_buffers).AsSpan().SequenceEqual(header.Digest.Span))", "if (_buffers.Count == 0)"),
        new("a copy is received over a state", Membership + "Member.cs", "if (!Position.HasState) group.Copy.InPlace", "group.Copy.InPlace"),
        new("a copy is taken over before all of it is there", Membership + "StateCopy.cs", "foreach (var bytes in _header.BufferBytes) _owed.Value.Add(header.From, (int)((bytes + ChunkBytes - 1) / ChunkBytes));", ""),
        new("a laggard is not brought up", Membership + "Member.cs", "else if (!positions[source].Same(Position))", "else if (positions.Count == 0)"),
        new("frames of a generation that is over change the gradient", Membership + "Group.cs", "            if (_closed) return false;\n            _copies++;", "            _copies++;"),
        new("a generation ends while frames are still written", Membership + "Group.cs", "        await _drained.Task;\n", ""),
    ];

    private static readonly PlantedBug[] ExactlyOnce =
    [
        new("a lane is computed twice", "worker/Collectives/Reduction/LaneAssignment.cs", "ranges[rank] = new LaneRange(first, first + shares[rank]);", "ranges[rank] = new LaneRange(first, Math.Min(lanes, first + shares[rank] + 1));"),
        new("what another coordinator has appended is not followed", "coordinator/Ledger/LedgerBook.cs", "public void CatchUp() => Follow(_store.ReadNew());", "public void CatchUp() => _store.ReadNew();"),
        new("entries are not reported again after a reconnection", Membership + "ReportOutbox.cs", "_acknowledged.Values.Concat(_entries.Values).Concat(_last.Values)", "_last.Values"),
    ];

    private static readonly PlantedBug[] Lockstep =
    [
        new("the least advanced rank is copied", Membership + "IReplica.cs", "CompareTo((positions[best].Step, positions[best].Validated)) > 0)", "CompareTo((positions[best].Step, positions[best].Validated)) < 0)"),
        new("flags of other ranks are ignored", Membership + "StepLoop.cs", "tails.Aggregate(TailFlags.None, (all, other) => all | (TailFlags)other.Flags)", "flags"),
        new("a halt is forgotten in the next generation", Membership + "Member.cs", "positions.All(position => position.Halted && position.Same(Position))", "positions.Count == 0"),
        new("a halt that nobody wants any more lasts", Membership + "Member.cs", "Halted = !group.Plan.GoesOn && ", "Halted = "),
    ];

    private static readonly PlantedBug[] Fencing =
    [
        new("links of an older generation are admitted", Membership + "Door.cs", "                if (identity.Generation < _generation) return null;\n                if (identity.Generation == _generation", "                if (identity.Generation <= _generation"),
        new("the place of a process falls to the next one of its name", Membership + "GenerationPlan.cs", " && wire.Members[i].Incarnation == incarnation", ""),
        new("a generation is announced before it is stored", Lead, "await _effects.StoreAsync(generation, _controller.Probe);", "_ = _effects.StoreAsync(generation, _controller.Probe);"),
        new("numbers of generations begin anew with a coordinator", Controller, "        _highest = highestNumber;\n", ""),
        new("trouble of an older generation is believed", Controller, "if (trouble.Generation != Current?.Number && !IsStillLifeless(worker, trouble)) return [];", "if (Current is null) return [];"),
        new("state that another has written is overwritten", Storage + "FileGrainStorage.cs", "        if (found != expected)\n", "        if (found == \"\")\n"),
    ];

    private static readonly PlantedBug[] OneWriter =
    [
        new("every rank writes checkpoints", Membership + "CheckpointKeeper.cs", "if (_plan is not { Rank: 0 } plan ||", "if (_plan is not { } plan ||"),
        new("who joins writes the checkpoints", Rule, "present.Concat(staying.Except(present))", "staying.Except(present).Concat(present)"),
    ];

    private static readonly PlantedBug[] NothingLost =
    [
        new("a step is acknowledged before it is durable", Storage + "GrowingLines.cs", "            file.Write(bytes);\n            disk.Flush(file);\n", "            file.Write(bytes);\n"),
        new("a line that was torn stays in the ledger", Storage + "GrowingLines.cs", "        LineFile.DropUnfinishedLine(path, disk);\n", ""),
        new("an older checkpoint is deleted before the newer one is recorded", "coordinator/Grains/GrainEffects.cs", "        records.RemoveAll(superseded.Contains);\n", "        records.RemoveAll(superseded.Contains);\n        foreach (var old in superseded) folders.Delete(old, records);\n"),
        new("a checkpoint's files are not flushed", "coordinator/Grains/CheckpointFolders.cs", "        _disk.Flush(target);\n", ""),
        new("an artifact is not flushed", "coordinator/Artifacts/ArtifactStore.cs", "            _disk.Flush(stream);\n            return", "            return"),
        new("a state is not flushed", Storage + "AtomicFile.cs", "                disk.Flush(stream);\n", ""),
        new("the name of a state is not flushed", Storage + "AtomicFile.cs", "disk.Publish(temporary, path);", "disk.Rename(temporary, path);"),
    ];

    private static readonly PlantedBug[] Divergence =
    [
        new("digests of the weights are not compared", Membership + "StepLoop.cs", "        CompareDigests(step, tails);\n", ""),
        new("whoever is right is accused", Membership + "StepLoop.cs", "tails[rank].WeightsDigest != tails[rank].ExpectedDigest);", "tails[rank].WeightsDigest == tails[rank].ExpectedDigest);"),
    ];

    private static readonly PlantedBug[] Progress =
    [
        new("a worker that hangs stays a member", Rule, " && !worker.Stalled)", ")"),
        new("who halts does not write its checkpoint", Membership + "CheckpointKeeper.cs", "        if (wanted) Request(position.Step);\n", ""),
        new("reports are not kept for the next coordinator", Membership + "ReportOutbox.cs", "            else if (report.Heartbeat is null) _last[report.ReportCase] = report;\n", ""),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PlantedBug> All { get; } = [.. DigestEquality, .. ExactlyOnce, .. Lockstep, .. Fencing, .. OneWriter, .. NothingLost, .. Divergence, .. Progress];
}
