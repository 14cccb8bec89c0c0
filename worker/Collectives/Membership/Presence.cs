namespace MiniMind.Collectives.Membership;

/// <summary>Whether a member is in a generation, and how that ends when nobody is left who could begin another one.</summary>
/// <param name="comes">A generation has been announced that the member is going to enter.</param>
internal sealed class Presence(Func<bool> comes)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource<bool>? _end;
    private bool _present;
    private bool _settled;
    private bool _closed;

    /// <summary>A generation begins.</summary>
    public void Enter()
    {
        lock (_gate) (_present, _settled) = (true, false);
    }

    /// <summary>All ranks have come to rest in it.</summary>
    public void Settle()
    {
        lock (_gate)
        {
            _settled = true;
            _end?.TrySetResult(true);
        }
    }

    /// <summary>Nothing goes on in it any more.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _present = false;
            Conclude();
        }
    }

    /// <summary>The member ends: whatever has been announced, it enters nothing any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            (_present, _closed) = (false, true);
            Conclude();
        }
    }

    /// <summary>Waits for the end. True: the ranks have come to rest together; false: the member is in no generation.</summary>
    public Task<bool> EndAsync()
    {
        lock (_gate)
        {
            _end ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            Conclude();
            return _end.Task;
        }
    }

    private void Conclude()
    {
        if (_settled) _end?.TrySetResult(true);
        else if (!_present && (_closed || !comes())) _end?.TrySetResult(false);
    }
}
