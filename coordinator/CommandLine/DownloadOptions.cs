namespace MiniMind.Coordinator.CommandLine;

/// <summary>What "minimind data download" was asked for.</summary>
public sealed record DownloadOptions
{
    /// <summary>Names of published files; none: they are listed.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>Other files of the dataset, by their names there.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
    public string Out { get; init; } = "data";

    /// <summary>"huggingface" or "modelscope"; null: the first one that can be reached.</summary>
    public string? Hub { get; init; }

    /// <summary>Address of the chosen hub (the first one if none is named), which then is the only one.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Address of Hugging Face, unless <see cref="Endpoint"/> says another one.</summary>
    public string? HuggingFaceEndpoint { get; init; }

    /// <summary>A proxy's address; null: what the environment says.</summary>
    public string? Proxy { get; init; }
    public string? Revision { get; init; }

    /// <summary>Sent to Hugging Face's address only.</summary>
    public string? Token { get; init; }

    /// <summary>Downloads what is there already.</summary>
    public bool Force { get; init; }
}
