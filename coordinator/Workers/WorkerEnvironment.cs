using System.Globalization;

namespace MiniMind.Coordinator.Workers;

/// <summary>
/// Environment variables that a worker must find when it starts: native libraries read them before any of our code runs.
/// </summary>
public sealed record WorkerEnvironment
{
    private const int KeptBytes = 1 << 30;
    private const string Tunables = "GLIBC_TUNABLES";
    private const string HugePages = "glibc.malloc.hugetlb=1";

    /// <summary>Intra-op threads; part of the run's identity, so it never depends on the number of workers.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Value of MKL_CBWR, for example "AVX2,STRICT": rules out that MKL blocks differently for other thread counts. Null leaves it out.</summary>
    public string? MklReproducibility { get; init; }

    /// <summary>Sets the variables, over what this process inherited.</summary>
    public void ApplyTo(IDictionary<string, string?> variables)
    {
        string threads = Threads.ToString(CultureInfo.InvariantCulture);
        variables["OMP_NUM_THREADS"] = threads;
        variables["MKL_NUM_THREADS"] = threads;
        // Socket completions on the thread that waits for them: half of the CPU time of a reduction (FINDINGS, all-reduce).
        variables["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        variables["DOTNET_gcServer"] = "0";
        // Keep freed tensors in the heap instead of giving them back to the system after every operation.
        variables["MALLOC_MMAP_THRESHOLD_"] = KeptBytes.ToString(CultureInfo.InvariantCulture);
        variables["MALLOC_TRIM_THRESHOLD_"] = KeptBytes.ToString(CultureInfo.InvariantCulture);
        // Huge pages where the system has them: buffers of hundreds of megabytes are touched for the first time whenever a generation begins.
        string? inherited = variables.TryGetValue(Tunables, out var set) ? set : null;
        variables[Tunables] = string.IsNullOrEmpty(inherited) ? HugePages : $"{inherited}:{HugePages}";
        if (MklReproducibility is not null) variables["MKL_CBWR"] = MklReproducibility;
    }
}
