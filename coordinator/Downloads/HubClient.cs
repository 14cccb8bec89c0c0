using System.Net;
using System.Net.Http.Headers;

namespace MiniMind.Coordinator.Downloads;

/// <summary>An answer to a request for a file, after redirects.</summary>
/// <param name="Response">Headers read, content not.</param>
/// <param name="Sha256">The content's hash, if the hub told it on the way.</param>
/// <param name="Size">The whole content's size, if the hub told it on the way.</param>
internal sealed record HubAnswer(HttpResponseMessage Response, string? Sha256, long? Size) : IDisposable
{
    public void Dispose() => Response.Dispose();
}

/// <summary>Asks a hub for files. Follows redirects itself, because the token must go to the hub only, and because hubs describe the content on the redirect.</summary>
internal sealed class HubClient(Hub hub, Uri? proxy) : IDisposable
{
    private const int MostRedirects = 10;
    private const int Sha256Digits = 64;

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, Proxy = proxy is null ? null : new WebProxy(proxy), UseProxy = true, ConnectTimeout = TimeSpan.FromSeconds(30),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <param name="address">Of the file.</param>
    /// <param name="from">First byte that is wanted.</param>
    /// <param name="tag">The answer begins there only if the content still has this tag; otherwise it is the whole (RFC 9110, 13.1.5).</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<HubAnswer> AskAsync(Uri address, long from, string? tag, CancellationToken ct)
    {
        string? sha = null;
        long? size = null;
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("minimind", "1"));
            if (hub.Token is { } token && hub.Owns(address)) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
            if (from > 0 && tag is not null) request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue(tag));
            var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            sha ??= Sha256Of(response);
            size ??= long.TryParse(Header(response, "X-Linked-Size"), out long told) ? told : null;
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
                || response.Headers.Location is not { } location)
                return new HubAnswer(response, sha, size);
            response.Dispose();
            address = new Uri(address, location);
        }

        throw new HttpRequestException($"more than {MostRedirects} redirects");
    }

    /// <summary>For the end of a message: the proxy that requests to an address take; empty when there is none.</summary>
    public string Via(Uri address) =>
        (proxy ?? HttpClient.DefaultProxy.GetProxy(address)) is { } taken && taken != address ? $" (through the proxy {taken.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)})" : "";

    public void Dispose() => _client.Dispose();

    /// <summary>For large files the hub's tag is the hash of the content.</summary>
    private static string? Sha256Of(HttpResponseMessage response)
    {
        string? tag = Header(response, "X-Linked-ETag")?.Trim('"');
        return tag is { Length: Sha256Digits } && tag.All(char.IsAsciiHexDigit) ? tag.ToLowerInvariant() : null;
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}
