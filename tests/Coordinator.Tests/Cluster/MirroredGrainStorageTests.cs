using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.Storage;
using MiniMind.Coordinator.Tests.Storage;
using Orleans.Storage;
using Polly;
using Polly.Retry;

namespace MiniMind.Coordinator.Tests.Cluster;

public sealed class MirroredGrainStorageTests : IDisposable
{
    private static readonly GrainId Grain = GrainId.Create("run", "tiny");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_written_is_in_both_and_the_shared_storage_decides_who_may_write()
    {
        using var shared = new FileGrainStorage(_folder["shared"]);
        using var copy = new FileGrainStorage(_folder["copy"]);
        var storage = new MirroredGrainStorage(shared, copy, ResiliencePipeline.Empty);
        var (one, other) = (new GrainState<Number>(), new GrainState<Number>());
        await storage.ReadStateAsync("run", Grain, one);
        await storage.ReadStateAsync("run", Grain, other);
        one.State = new Number { Value = 1 };
        await storage.WriteStateAsync("run", Grain, one);
        other.State = new Number { Value = 2 };

        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("run", Grain, other));

        var kept = await FileGrainStorage.ReadFileAsync<Number>(copy.PathOf("run", Grain));
        Assert.Equal(1, kept.Value);
    }

    [Fact]
    public async Task What_the_shared_storage_has_lost_is_read_from_the_copy()
    {
        using var copy = new FileGrainStorage(_folder["copy"]);
        using (var first = new FileGrainStorage(_folder["first"]))
        {
            var written = new GrainState<Number> { State = new Number { Value = 7 } };
            await new MirroredGrainStorage(first, copy, ResiliencePipeline.Empty).WriteStateAsync("run", Grain, written);
        }
        using var empty = new FileGrainStorage(_folder["empty"]);
        var storage = new MirroredGrainStorage(empty, copy, ResiliencePipeline.Empty);
        var read = new GrainState<Number>();

        await storage.ReadStateAsync("run", Grain, read);
        Assert.Equal(7, read.State?.Value);
        await storage.WriteStateAsync("run", Grain, read);

        var again = new GrainState<Number>();
        await empty.ReadStateAsync("run", Grain, again);
        Assert.Equal(7, again.State?.Value);
    }

    /// <summary>One coordinator without the shared storage has gone on with the run meanwhile, or the shared storage has lost its last writes.</summary>
    [Fact]
    public async Task Of_both_the_newer_one_is_read()
    {
        using var shared = new FileGrainStorage(_folder["shared"]);
        using var copy = new FileGrainStorage(_folder["copy"]);
        var storage = new MirroredGrainStorage(shared, copy, ResiliencePipeline.Empty);
        var state = new GrainState<Number> { State = new Number { Value = 1, Version = 1 } };
        await storage.WriteStateAsync("run", Grain, state);
        var alone = new GrainState<Number>();
        await copy.ReadStateAsync("run", Grain, alone);
        alone.State = new Number { Value = 2, Version = 2 };
        await copy.WriteStateAsync("run", Grain, alone);

        await storage.ReadStateAsync("run", Grain, state);
        Assert.Equal(2, state.State?.Value);
        state.State = new Number { Value = 3, Version = 3 };
        await storage.WriteStateAsync("run", Grain, state);

        var again = new GrainState<Number>();
        await shared.ReadStateAsync("run", Grain, again);
        Assert.Equal(3, again.State?.Value);
        Assert.Equal(3, (await FileGrainStorage.ReadFileAsync<Number>(copy.PathOf("run", Grain))).Value);
    }

    [Fact]
    public async Task A_copy_that_is_newer_by_now_is_not_overwritten()
    {
        using var shared = new FileGrainStorage(_folder["shared"]);
        using var copy = new FileGrainStorage(_folder["copy"]);
        var newer = new GrainState<Number> { State = new Number { Value = 2, Version = 2 } };
        await copy.WriteStateAsync("run", Grain, newer);

        var late = new GrainState<Number> { State = new Number { Value = 1, Version = 1 } };
        await new MirroredGrainStorage(shared, copy, ResiliencePipeline.Empty).WriteStateAsync("run", Grain, late);

        Assert.Equal(2, (await FileGrainStorage.ReadFileAsync<Number>(copy.PathOf("run", Grain))).Value);
    }

    [Fact]
    public async Task An_outage_is_waited_out()
    {
        using var shared = new FileGrainStorage(_folder["shared"]);
        using var copy = new FileGrainStorage(_folder["copy"]);
        var away = new Away(shared) { Failures = 3 };
        var patience = new ResiliencePipelineBuilder()
            .AddRetry(new RetryStrategyOptions { MaxRetryAttempts = 3, Delay = TimeSpan.Zero })
            .Build();
        var state = new GrainState<Number> { State = new Number { Value = 5 } };

        await new MirroredGrainStorage(away, copy, patience).WriteStateAsync("run", Grain, state);

        Assert.Equal(0, away.Failures);
        Assert.True(state.RecordExists);
    }

    /// <summary>A storage that cannot be reached a few times.</summary>
    private sealed class Away(IGrainStorage storage) : IGrainStorage
    {
        public int Failures { get; set; }

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.ReadStateAsync(stateName, grainId, grainState);

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            Failures-- > 0 ? throw new TimeoutException("away") : Done(() => storage.WriteStateAsync(stateName, grainId, grainState));

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.ClearStateAsync(stateName, grainId, grainState);

        private Task Done(Func<Task> call)
        {
            Failures = 0;
            return call();
        }
    }

    public sealed class Number : IVersionedState
    {
        public int Value { get; set; }

        public long Version { get; set; }
    }
}
