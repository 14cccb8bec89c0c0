using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Protos;

namespace MiniMind.Simulation;

/// <summary>
/// A vector with a momentum instead of a transformer. Its gradients spread over many magnitudes, so that any other order of summation gives other bits.
/// </summary>
internal sealed class ToyReplica(SimulatedWorker worker, SimulationRun run, double speed) : IReplica
{
    public const int Length = 330;

    /// <summary>What a checkpoint that cannot be written says.</summary>
    public const string FullDisk = "the toy disk is full";

    private readonly float[] _weights = new float[Length];
    private readonly float[] _momentum = new float[Length];
    private readonly float[] _gradient = new float[Length];

    /// <summary>Longer than any schedule.</summary>
    public static readonly TimeSpan ForGood = TimeSpan.FromHours(1);

    /// <summary>How long the next lane hangs, whatever is cancelled meanwhile; heartbeats go on.</summary>
    public TimeSpan Hang { get; set; }

    /// <summary>The next checkpoint cannot be written.</summary>
    public bool DiskIsFull { get; set; }

    /// <summary>A checkpoint could not be written.</summary>
    public bool HasFailedToWrite { get; private set; }

    /// <summary>While the next lane is computed, a bit of the weights changes by itself.</summary>
    public bool FlipsNext { get; set; }

    /// <summary>That has happened.</summary>
    public bool IsFlipped { get; private set; }

    /// <summary>The state is that of a peer.</summary>
    public bool IsCopied { get; private set; }

    /// <summary>The step that was applied last; -1 when the state comes from elsewhere.</summary>
    public long Applied { get; private set; } = -1;

    private SimulatedProcess Process => worker.Process;

    public Memory<float> Gradient => _gradient;

    public IReadOnlyList<Memory<float>> State => [_weights, _momentum];

    public IReadOnlyList<Memory<float>> StateInPlace => State;

    public async Task<Sums> ComputeLaneAsync(long step, int lane, CancellationToken cancellation)
    {
        run.Invariants.Computing(worker, step, lane);
        if (Hang > TimeSpan.Zero) await Task.Delay(Hang, Process.Time, CancellationToken.None);
        Hang = TimeSpan.Zero;
        await Task.Delay(run.World.Delay(2 * speed, 10 * speed), Process.Time, cancellation);
        if (FlipsNext) Flip();
        return ToyMath.Lane(step, lane, _weights, _gradient);
    }

    public async Task<Sums> ValidateLaneAsync(int lane, CancellationToken cancellation)
    {
        await Task.Delay(run.World.Delay(1, 3), Process.Time, cancellation);
        return ToyMath.Validate(lane, _weights);
    }

    public async Task<UpdateFacts> ApplyAsync(long step, Sums reduced)
    {
        await Task.Delay(run.World.Delay(0, 2), Process.Time, CancellationToken.None);
        run.Invariants.Applying(worker, step);
        (Applied, IsCopied) = (step, false);
        ToyMath.Apply(reduced, _weights, _momentum, _gradient);
        return new UpdateFacts(false, 1, 0.1);
    }

    public byte[] WeightsDigest() => Digest([_weights]);

    public byte[] StateDigest(IReadOnlyList<Memory<float>> buffers) => Digest(buffers);

    public void Adopt(long step, IReadOnlyList<Memory<float>> buffers)
    {
        buffers[0].CopyTo(_weights);
        buffers[1].CopyTo(_momentum);
        (Applied, IsFlipped, IsCopied) = (-1, false, true);
    }

    public async Task RestoreAsync(RestorePoint point, CancellationToken cancellation)
    {
        run.Invariants.Restoring(worker, point.Step);
        await Task.Delay(run.World.Delay(1, 50), Process.Time, cancellation);
        (Applied, IsFlipped, IsCopied) = (-1, false, false);
        if (point.Files.Count == 0)
        {
            ToyMath.Initialise(_weights, _momentum);
            return;
        }
        var state = await run.WithStoreAsync(Process, () => ReadAsync(point.Files[0].Sha256));
        MemoryMarshal.Cast<byte, float>(state.AsSpan(0, 4 * Length)).CopyTo(_weights);
        MemoryMarshal.Cast<byte, float>(state.AsSpan(4 * Length)).CopyTo(_momentum);
    }

    public Task<CheckpointWriter> SnapshotAsync(Position position)
    {
        run.Invariants.Snapshot(worker, position.Step);
        byte[] snapshot = [.. MemoryMarshal.AsBytes(_weights.AsSpan()), .. MemoryMarshal.AsBytes(_momentum.AsSpan())];
        return Task.FromResult<CheckpointWriter>(_ => UploadAsync(position.Step, snapshot));
    }

    private async Task<IReadOnlyList<ArtifactRef>> UploadAsync(long step, byte[] snapshot)
    {
        await Task.Delay(run.World.Delay(5, 200), Process.Time, CancellationToken.None);
        if (DiskIsFull)
        {
            (DiskIsFull, HasFailedToWrite) = (false, true);
            run.Invariants.NotWritten(worker, step);
            throw new IOException(FullDisk);
        }
        var sha = Convert.ToHexStringLower(SHA256.HashData(snapshot));
        await run.WithStoreAsync(Process, async () =>
        {
            await run.Store.Artifacts.PutAsync(new MemoryStream(snapshot), sha, snapshot.Length);
            return sha;
        });
        return [new ArtifactRef { Name = "model.safetensors", Sha256 = sha, Size = snapshot.Length }];
    }

    private async Task<byte[]> ReadAsync(string sha256)
    {
        var state = new byte[8 * Length];
        await using var stream = run.Store.Artifacts.OpenRead(sha256);
        await stream.ReadExactlyAsync(state);
        return state;
    }

    private void Flip()
    {
        (FlipsNext, IsFlipped) = (false, true);
        run.World.Trace(worker.Name, "a bit of its weights flips");
        var bits = MemoryMarshal.Cast<float, int>(_weights.AsSpan());
        bits[run.World.Random.Next(Length)] ^= 1 << run.World.Random.Next(32);
    }

    private static byte[] Digest(IReadOnlyList<Memory<float>> buffers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var buffer in buffers) hash.AppendData(MemoryMarshal.AsBytes(buffer.Span));
        return hash.GetHashAndReset()[..16];
    }
}

/// <summary>The arithmetic of the toy, also used to compute the expected weights without any of the machinery under test.</summary>
internal static class ToyMath
{
    /// <summary>Digest of the weights of the seed.</summary>
    public static readonly byte[] SeedDigest = DigestOf(Expected(0, 1));

    public static void Initialise(float[] weights, float[] momentum)
    {
        for (var i = 0; i < weights.Length; i++) weights[i] = MathF.Sin(i + 1);
        Array.Clear(momentum);
    }

    public static Sums Lane(long step, int lane, float[] weights, float[] gradient)
    {
        for (var i = 0; i < gradient.Length; i++)
        {
            var mixed = (uint)(step * 7919 + lane * 104729 + i * 1299709) * 2654435761u;
            gradient[i] = MathF.ScaleB((mixed >> 8) / 16777216f - 0.5f, (int)(mixed & 15) - 8) + 0.01f * weights[i];
        }
        return new Sums(1.0 / (3 + lane + step), 10 + lane, 0, lane % 3, 32, 1);
    }

    public static Sums Validate(int lane, float[] weights) => new(Math.Abs(weights[lane]) / 3.0, 7, 0, 1, 8, 1);

    public static void Apply(Sums reduced, float[] weights, float[] momentum, float[] gradient)
    {
        var scale = 1f / reduced.Targets;
        for (var i = 0; i < weights.Length; i++)
        {
            momentum[i] = 0.9f * momentum[i] + gradient[i] * scale;
            weights[i] -= 0.1f * momentum[i];
        }
    }

    /// <summary>The weights after a number of steps, by the definition: lane gradients summed in the canonical tree, then applied.</summary>
    public static float[] Expected(long steps, int lanes)
    {
        var (weights, momentum) = (new float[ToyReplica.Length], new float[ToyReplica.Length]);
        Initialise(weights, momentum);
        for (long step = 1; step <= steps; step++)
        {
            var (gradient, sums) = Sum(step, 0, lanes, weights);
            Apply(sums, weights, momentum, gradient);
        }
        return weights;
    }

    /// <summary>Digest of weights.</summary>
    public static byte[] DigestOf(float[] weights) => SHA256.HashData(MemoryMarshal.AsBytes(weights.AsSpan()))[..16];

    private static (float[] Gradient, Sums Sums) Sum(long step, int first, int end, float[] weights)
    {
        var gradient = new float[ToyReplica.Length];
        if (end - first == 1) return (gradient, Lane(step, first, weights, gradient));
        var half = 1;
        while (2 * half < end - first) half *= 2;
        var (left, right) = (Sum(step, first, first + half, weights), Sum(step, first + half, end, weights));
        for (var i = 0; i < gradient.Length; i++) gradient[i] = left.Gradient[i] + right.Gradient[i];
        return (gradient, left.Sums + right.Sums);
    }
}
