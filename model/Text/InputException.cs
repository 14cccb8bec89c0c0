namespace MiniMind.Text;

/// <summary>
/// What the user gave is wrong. The message says what was expected, what was found, and where (file:line, key, tensor), and
/// names the fix when there is one. Programs print it without a stack trace and exit with code 2.
/// </summary>
public sealed class InputException : Exception
{
    public InputException(string message) : base(message) { }

    public InputException(string message, Exception cause) : base(message, cause) { }
}
