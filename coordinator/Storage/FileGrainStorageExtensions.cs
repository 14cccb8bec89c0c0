using Orleans.Storage;

namespace MiniMind.Coordinator.Storage;

/// <summary>Registers <see cref="FileGrainStorage"/>.</summary>
public static class FileGrainStorageExtensions
{
    /// <summary>Grains that ask for the storage <paramref name="name"/> keep their state below the folder <paramref name="root"/>.</summary>
    public static IServiceCollection AddFileGrainStorage(this IServiceCollection services, string name, string root) =>
        services.AddKeyedSingleton<IGrainStorage>(name, (_, _) => new FileGrainStorage(root));
}
