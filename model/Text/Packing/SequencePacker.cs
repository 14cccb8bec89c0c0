using MiniMind.Text.Datasets;

namespace MiniMind.Text.Packing;

/// <summary>
/// Packs documents into sequences of T slots, as a stream: best-fit decreasing (Johnson 1973) over a window of pieces, with the
/// sequences that still have room carried into the next window. A document of n tokens takes n - 1 slots: inputs are its tokens but
/// the last, targets its tokens but the first. Deterministic: a pure function of the documents and their order. Not thread-safe.
/// </summary>
public sealed class SequencePacker
{
    private readonly PackingOptions _options;
    private readonly int _length;
    private readonly OpenSequences _open;
    private readonly int _mostOpen;
    private readonly List<Placement> _window = [];
    private readonly Queue<PackedSequence> _complete = new();
    private long _windowSlots;

    /// <exception cref="InputException">An option is out of its range.</exception>
    public SequencePacker(PackingOptions options)
    {
        options.Check();
        (_options, _length) = (options, options.SequenceLength);
        _open = new OpenSequences(_length);
        _mostOpen = Math.Max(1, Math.Min(options.WindowPieces, options.WindowSlots / _length));
    }

    /// <summary>What was packed so far; documents and targets are counted when added, sequences when complete.</summary>
    public PackingTotals Totals { get; private set; } = new();

    /// <summary>Adds a document and returns the sequences that became complete, mostly none.</summary>
    /// <exception cref="ArgumentException">Ids and mask differ in length.</exception>
    public IReadOnlyList<PackedSequence> Add(EncodedDocument document)
    {
        Check(document);
        if (document.Rejected is { } rejected) Check(rejected);
        AddPieces(document);
        if (_window.Count >= _options.WindowPieces || _windowSlots >= _options.WindowSlots) PlaceWindow();
        return TakeComplete();
    }

    /// <summary>Places what waits and returns the remaining sequences.</summary>
    public IReadOnlyList<PackedSequence> Finish()
    {
        PlaceWindow();
        CloseUntil(0);
        return TakeComplete();
    }

    private void AddPieces(EncodedDocument document)
    {
        if (document.Rejected is { } rejected)
        {
            AddPair(document, rejected);
            return;
        }

        int slots = document.Ids.Length - 1;
        int kept = _options.LongDocuments == LongDocuments.Cut ? Math.Min(slots, _length - 1) : slots;
        var (targets, bare, bareTokens) = (0L, 0, 0);
        for (int first = 0; first < kept; first += _length)
        {
            var piece = new Piece(document.Ids, document.TargetMask, first, Math.Min(_length, kept - first));
            int own = piece.Targets;
            // Without a target there is nothing to learn here, and no later piece sees it.
            if (own == 0) (bare, bareTokens) = (bare + 1, bareTokens + piece.Slots);
            else Wait(new Placement(kept < slots ? piece.Alone() : piece, null));
            targets += own;
        }

        if (targets == 0) CountDropped(byCut: document.Targets > 0);
        else CountKept(targets, slots - kept, bare, bareTokens);
    }

    /// <summary>Both sides of a pair stand in one sequence, one behind the other; each keeps at most half of it, and its first tokens.</summary>
    private void AddPair(EncodedDocument chosen, EncodedDocument rejected)
    {
        int most = _length / 2;
        Piece Side(EncodedDocument side) => new(side.Ids, side.TargetMask, 0, Math.Min(most, side.Ids.Length - 1));
        var (first, second) = (Side(chosen), Side(rejected));
        if (first.Targets == 0 || second.Targets == 0)
        {
            // One without a target has nothing that could be compared.
            CountDropped(byCut: chosen.Targets > 0 && rejected.Targets > 0);
            return;
        }

        Wait(new Placement(first.Alone(), second.Alone()));
        CountKept(first.Targets + second.Targets, chosen.Ids.Length - 1 - first.Slots + rejected.Ids.Length - 1 - second.Slots);
    }

    private void Wait(Placement placement)
    {
        _window.Add(placement);
        _windowSlots += placement.Slots;
        Totals += new PackingTotals { Tokens = placement.Slots };
    }

    private void CountKept(long targets, int cutTokens, int bare = 0, int bareTokens = 0) => Totals += new PackingTotals
    {
        Documents = 1, Targets = targets, Cut = cutTokens > 0 ? 1 : 0, CutTokens = cutTokens, DroppedPieces = bare, DroppedPieceTokens = bareTokens,
    };

    private void CountDropped(bool byCut) => Totals += new PackingTotals { Dropped = 1, DroppedByCut = byCut ? 1 : 0 };

    private void PlaceWindow()
    {
        foreach (var placement in _window.OrderByDescending(placement => placement.Slots)) Place(placement); // OrderBy is stable.
        _window.Clear();
        _windowSlots = 0;
        CloseUntil(_mostOpen);
    }

    private void Place(Placement placement)
    {
        if (!_open.TryTake(placement.Slots, out var sequence, out int room)) (sequence, room) = ([], _length);
        sequence.Add(placement.Piece);
        if (placement.Rejected is { } rejected) sequence.Add(rejected);
        room -= placement.Slots;
        if (room == 0) Complete(sequence);
        else _open.Add(sequence, room);
    }

    /// <summary>Closes the fullest sequences first: the emptiest have most to gain from the next window.</summary>
    private void CloseUntil(int most)
    {
        while (_open.Count > most && _open.TryTake(1, out var sequence, out _)) Complete(sequence);
    }

    private void Complete(List<Piece> pieces)
    {
        var tokens = new int[_length];
        var targets = new int[_length];
        var starts = new List<int>(pieces.Count + 1);
        int at = 0;
        foreach (var piece in pieces)
        {
            starts.Add(at);
            piece.CopyTo(tokens, targets, at);
            at += piece.Slots;
        }

        if (at < _length) starts.Add(at);
        tokens.AsSpan(at).Fill(_options.Padding);
        targets.AsSpan(at).Fill(PackedSequence.NoTarget);
        _complete.Enqueue(new PackedSequence { Tokens = tokens, Targets = targets, DocumentStarts = [.. starts] });
        Totals += new PackingTotals { Sequences = 1 };
    }

    private static void Check(EncodedDocument document)
    {
        if (document.Ids.Length != document.TargetMask.Length)
            throw new ArgumentException($"{document.Ids.Length} ids but {document.TargetMask.Length} mask entries.", nameof(document));
    }

    private PackedSequence[] TakeComplete()
    {
        if (_complete.Count == 0) return [];
        var complete = _complete.ToArray();
        _complete.Clear();
        return complete;
    }

    /// <summary>What is placed together: a piece, or both sides of a pair.</summary>
    private readonly record struct Placement(Piece Piece, Piece? Rejected)
    {
        public int Slots => Piece.Slots + (Rejected?.Slots ?? 0);
    }
}
