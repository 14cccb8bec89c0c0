using System.Security.Cryptography;
using System.Text;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>The hash of all that may change bits: what the run file says, the tokenizer, and the encoded data.</summary>
internal static class RunIdentity
{
    /// <param name="canonicalText">The run file's canonical text: sizes, seed, lanes, precision, threads, device, hyper-parameters.</param>
    /// <param name="tokenizer">SHA-256 of the tokenizer.</param>
    /// <param name="datasets">Keys of the encoded datasets, in stage order.</param>
    public static string Compute(string canonicalText, string tokenizer, IEnumerable<string> datasets)
    {
        var text = string.Join('\n', [canonicalText, tokenizer, .. datasets]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
