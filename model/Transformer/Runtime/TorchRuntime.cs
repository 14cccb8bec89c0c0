using MiniMind.Text;
using TorchSharp;

namespace MiniMind.Transformer.Runtime;

/// <summary>
/// Process-wide settings of libtorch. <see cref="Initialize"/> comes before any other use of tensors: it proves that the native
/// libraries load while a failure can still be explained (TorchSharp's own loader would start copying libtorch about).
/// </summary>
public static class TorchRuntime
{
    private static readonly Lock Gate = new();
    private static bool loaded;

    /// <summary>Threads inside one operation, of libtorch and of the kernels of this library. Part of a run's identity.</summary>
    public static int Threads { get; private set; } = 1;

    /// <summary>True when libtorch's switch for deterministic algorithms could be set; a run without it is not bit-exact.</summary>
    public static bool Deterministic { get; private set; }

    /// <summary>
    /// Loads libtorch, sets its threads and its deterministic algorithms. May be called again to change the number of threads, for
    /// the calling thread and for those that have not used tensors yet.
    /// </summary>
    /// <param name="threads">Intra-op threads, at least 1.</param>
    /// <param name="device">"cpu", "cuda" or "cuda:N".</param>
    /// <exception cref="InputException">libtorch does not load, or there is no such device; the message names the fix. The threads stay as they were.</exception>
    public static void Initialize(int threads, string device = "cpu")
    {
        if (threads < 1) throw new InputException($"threads: expected at least 1, found {threads}");
        var kind = DeviceName.Parse(device);
        lock (Gate)
        {
            // Asked every time: a process that began on the CPU may ask for CUDA later, and libtorch's own answer would name no fix.
            if (kind.IsCuda) NativeLibtorch.RequireCudaBuild();
            if (!loaded)
            {
                NativeLibtorch.RequestStrictMatrixProducts();
                NativeLibtorch.EnsureLoadable();
                // False where there is no GPU: RequireCuda says so in words that name the fix.
                torch.TryInitializeDeviceType(kind.IsCuda ? DeviceType.CUDA : DeviceType.CPU);
                // Can be set only once per process. One is enough: there is never a second graph to run beside the first.
                torch.set_num_interop_threads(1);
                NativeLibtorch.RequestFullFloat32Products();
                Deterministic = NativeLibtorch.TryUseDeterministicAlgorithms();
                loaded = true;
            }

            if (kind.IsCuda) RequireCuda(kind);
            torch.set_num_threads(threads);
            Threads = threads;
        }
    }

    /// <summary>One line for logs and run identities: libtorch version and, of an installed PyTorch, its place; instruction set, threads, determinism.</summary>
    public static string Describe() =>
        $"libtorch {NativeLibtorch.Version()}{Origin()}, {NativeLibtorch.CpuCapability()}, {Threads} thread(s), " +
        (Deterministic ? "deterministic algorithms" : "NOT deterministic: the switch is not exported here");

    private static string Origin()
    {
        if (NativeLibtorch.Installation is not { } folder) return "";
        var note = LibtorchFiles.VersionNote(NativeLibtorch.Version(), torch.__version__);
        return note is null ? $" of {folder}" : $" of {folder} ({note})";
    }

    private static void RequireCuda(DeviceName device)
    {
        if (!torch.cuda.is_available())
            throw new InputException($"device {device}: expected a CUDA device, found none that libtorch can use. Use device cpu, or check the driver (nvidia-smi)");
        if (device.Index >= torch.cuda.device_count())
            throw new InputException($"device {device}: expected an index below {torch.cuda.device_count()}, the number of CUDA devices");
    }
}
