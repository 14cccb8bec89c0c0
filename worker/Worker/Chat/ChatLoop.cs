using MiniMind.Text;

namespace MiniMind.Worker.Chat;

/// <summary>Reads what a person types, line by line, and streams answers.</summary>
internal static class ChatLoop
{
    private const string Help = "/clear starts anew, /exit or the end of the input (Ctrl-D) ends; Ctrl-C stops an answer.";

    /// <summary>Talks until the input ends.</summary>
    public static void Run(Conversation conversation, TextReader input, TextWriter output, bool interactive)
    {
        if (interactive) output.WriteLine(Help);
        CancellationTokenSource? answering = null;
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first Ctrl-C stops the answer; between answers it ends the program.
            if (Volatile.Read(ref answering) is not { IsCancellationRequested: false } source) return;
            pressed.Cancel = true;
            source.Cancel();
        };
        while (true)
        {
            if (interactive) output.Write("> ");
            if (input.ReadLine() is not { } line || line.Trim() is "/exit") return;
            if (line.Trim() is "/clear") conversation.Clear();
            else if (line.Trim() is "/help") output.WriteLine(Help);
            else if (line.Trim().Length > 0)
            {
                using var source = new CancellationTokenSource();
                Volatile.Write(ref answering, source);
                TryAnswer(conversation, line, output, source.Token);
                Volatile.Write(ref answering, null);
            }
        }
    }

    /// <summary>A question that cannot be answered, being too long, say, costs nobody the dialogue.</summary>
    private static void TryAnswer(Conversation conversation, string question, TextWriter output, CancellationToken cancellation)
    {
        try
        {
            Answer(conversation, question, output, cancellation);
        }
        catch (InputException fault)
        {
            output.WriteLine($"error: {fault.Message}");
        }
    }

    /// <summary>One question, one streamed answer.</summary>
    public static void Answer(Conversation conversation, string question, TextWriter output, CancellationToken cancellation)
    {
        try
        {
            foreach (var piece in conversation.Say(question, cancellation))
            {
                output.Write(piece);
                output.Flush();
            }
        }
        catch (OperationCanceledException)
        {
            output.Write(" …");
        }
        output.WriteLine();
    }
}
