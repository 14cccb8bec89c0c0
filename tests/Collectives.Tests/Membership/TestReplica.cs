using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Tests.Reduction;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

/// <summary>A vector with a momentum instead of a transformer; tests act in the middle of what it does.</summary>
internal sealed class TestReplica : IReplica
{
    public const int Length = 300;

    private readonly float[] _momentum = new float[Length];
    private readonly float[] _gradient = new float[Length];

    public float[] Weights { get; } = new float[Length];

    /// <summary>Awaited before a lane is computed.</summary>
    public Func<long, int, CancellationToken, Task> BeforeLane { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>The background part of a checkpoint.</summary>
    public Func<long, CancellationToken, Task> WriteCheckpoint { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Turns a bit of the state as soon as its digest has been taken.</summary>
    public bool TurnsAfterDigest { get; set; }

    /// <summary>Thrown instead of restoring.</summary>
    public Exception? RestoreFault { get; init; }

    public int Restored { get; private set; }

    public int Adopted { get; private set; }

    public Memory<float> Gradient => _gradient;

    public IReadOnlyList<Memory<float>> State => [Weights, _momentum];

    public IReadOnlyList<Memory<float>> StateInPlace => State;

    public async Task<Sums> ComputeLaneAsync(long step, int lane, CancellationToken cancellation)
    {
        await BeforeLane(step, lane, cancellation);
        return Lane(step, lane, Weights, _gradient);
    }

    public Task<Sums> ValidateLaneAsync(int lane, CancellationToken cancellation) =>
        Task.FromResult(new Sums(Math.Abs(Weights[lane]) / 3.0, 7, 0, 1, 8, 1));

    public Task<UpdateFacts> ApplyAsync(long step, Sums reduced)
    {
        Apply(reduced, Weights, _momentum, _gradient);
        return Task.FromResult(new UpdateFacts(false, 1, 0.1));
    }

    public byte[] WeightsDigest() => StateDigest([Weights]);

    public byte[] StateDigest(IReadOnlyList<Memory<float>> buffers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var buffer in buffers) hash.AppendData(MemoryMarshal.AsBytes(buffer.Span));
        if (TurnsAfterDigest) TurnBit(17);
        return hash.GetHashAndReset()[..16];
    }

    public void Adopt(long step, IReadOnlyList<Memory<float>> buffers)
    {
        Adopted++;
        buffers[0].CopyTo(Weights);
        buffers[1].CopyTo(_momentum);
    }

    public Task RestoreAsync(RestorePoint point, CancellationToken cancellation)
    {
        if (RestoreFault is not null) throw RestoreFault;
        Restored++;
        for (var i = 0; i < Length; i++) Weights[i] = MathF.Sin(i + 1);
        Array.Clear(_momentum);
        return Task.CompletedTask;
    }

    public Task<CheckpointWriter> SnapshotAsync(Position position)
    {
        var name = Convert.ToHexStringLower(StateDigest(State));
        return Task.FromResult<CheckpointWriter>(WriteAsync);

        async Task<IReadOnlyList<ArtifactRef>> WriteAsync(CancellationToken cancellation)
        {
            await WriteCheckpoint(position.Step, cancellation);
            return [new ArtifactRef { Name = name }];
        }
    }

    /// <summary>Turns one bit of one weight.</summary>
    public void TurnBit(int index) => Weights[index] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(Weights[index]) ^ 1);

    /// <summary>The weights after a number of steps, by the definition and without any of the code under test.</summary>
    public static float[] Expected(long steps, int lanes)
    {
        var alone = new TestReplica();
        _ = alone.RestoreAsync(new RestorePoint(0, [], []), default);
        for (long step = 1; step <= steps; step++)
        {
            var sums = new Sums();
            var gradient = LanePartitions.Sum(0, lanes, lane =>
            {
                var values = new float[Length];
                sums += Lane(step, lane, alone.Weights, values);
                return values;
            });
            Apply(sums, alone.Weights, alone._momentum, gradient);
        }
        return alone.Weights;
    }

    private static Sums Lane(long step, int lane, float[] weights, float[] gradient)
    {
        LanePartitions.Gradient(lane, Length, (int)step).CopyTo(gradient, 0);
        for (var i = 0; i < Length; i++) gradient[i] += 0.01f * weights[i];
        return new Sums(1.0 / (3 + lane + step), 10 + lane, 0, lane % 3, 32, 1);
    }

    private static void Apply(Sums reduced, float[] weights, float[] momentum, float[] gradient)
    {
        for (var i = 0; i < Length; i++)
        {
            momentum[i] = 0.9f * momentum[i] + gradient[i] / reduced.Targets;
            weights[i] -= 0.1f * momentum[i];
        }
    }
}
