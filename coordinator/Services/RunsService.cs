using Grpc.Core;
using MiniMind.Coordinator.Grains;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Services;

/// <summary>State of a run, and the way to stop it.</summary>
public sealed class RunsService(IGrainFactory grains) : Runs.RunsBase
{
    public override Task<RunStatus> Get(RunRequest request, ServerCallContext context) => StatusAsync(request);

    public override async Task<RunStatus> Stop(RunRequest request, ServerCallContext context)
    {
        await Grain(request).StopAsync("asked over the network");
        return await StatusAsync(request);
    }

    public override async Task<RunStatus> Checkpoint(RunRequest request, ServerCallContext context)
    {
        await Grain(request).CheckpointAsync();
        return await StatusAsync(request);
    }

    private async Task<RunStatus> StatusAsync(RunRequest request)
    {
        var record = await Grain(request).RecordAsync();
        if (record.Identity.Length == 0) throw new RpcException(new Status(StatusCode.NotFound, $"no run \"{request.RunId}\" here"));
        return RunStatus.Parser.ParseFrom(await Grain(request).StatusAsync());
    }

    private IRunGrain Grain(RunRequest request) => grains.GetGrain<IRunGrain>(request.RunId);
}
