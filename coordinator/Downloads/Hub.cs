using MiniMind.Text;

namespace MiniMind.Coordinator.Downloads;

/// <summary>A place where data files are published.</summary>
/// <param name="Name">As users name it.</param>
/// <param name="Endpoint">Beginning of all addresses, without a slash at the end.</param>
/// <param name="Dataset">Name of the dataset there.</param>
/// <param name="Revision">The revision that is taken if none is asked for.</param>
internal sealed record Hub(string Name, Uri Endpoint, string Dataset, string Revision)
{
    /// <summary>Sent with requests to this hub, and to nobody else.</summary>
    public string? Token { get; init; }

    public static readonly Hub HuggingFace = new("huggingface", new Uri("https://huggingface.co"), "jingyaogong/minimind_dataset", "main");

    public static readonly Hub ModelScope = new("modelscope", new Uri("https://www.modelscope.cn"), "gongjy/minimind_dataset", "master");

    public static readonly IReadOnlyList<Hub> All = [HuggingFace, ModelScope];

    public bool IsHuggingFace => Name == HuggingFace.Name;

    /// <summary>Address of a file: both hubs resolve names below a revision, and send on to where the content lies.</summary>
    public Uri AddressOf(string file, string? revision) =>
        new($"{Endpoint.ToString().TrimEnd('/')}/datasets/{Dataset}/resolve/{Uri.EscapeDataString(revision ?? Revision)}/{string.Join('/', file.Split('/').Select(Uri.EscapeDataString))}");

    /// <summary>Whether an address belongs to this hub: only then is the token sent there.</summary>
    public bool Owns(Uri address) => Uri.Compare(address, Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <exception cref="InputException">No web address.</exception>
    public static Uri ParseAddress(string text, string option) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address : throw new InputException($"{option}: expected an address such as https://hf-mirror.com, found '{text}'");
}
