using System.Numerics;

namespace MiniMind.Text.Packing;

/// <summary>
/// Sequences that still have room, by free slots. Finds the fullest one that a piece fits in (best fit); among equals the oldest.
/// </summary>
internal sealed class OpenSequences
{
    private readonly Queue<List<Piece>>[] _byRoom;
    private readonly ulong[] _occupied;

    public OpenSequences(int length)
    {
        _byRoom = new Queue<List<Piece>>[length + 1];
        for (int room = 0; room <= length; room++) _byRoom[room] = new Queue<List<Piece>>(0);
        _occupied = new ulong[(length >> 6) + 1];
    }

    public int Count { get; private set; }

    public void Add(List<Piece> sequence, int room)
    {
        _byRoom[room].Enqueue(sequence);
        _occupied[room >> 6] |= 1UL << (room & 63);
        Count++;
    }

    /// <summary>Takes out the fullest sequence with at least <paramref name="slots"/> free; false when there is none.</summary>
    public bool TryTake(int slots, out List<Piece> sequence, out int room)
    {
        (sequence, room) = ([], 0);
        for (int word = slots >> 6; word < _occupied.Length; word++)
        {
            ulong bits = word == slots >> 6 ? _occupied[word] & (ulong.MaxValue << (slots & 63)) : _occupied[word];
            if (bits == 0) continue;
            room = (word << 6) + BitOperations.TrailingZeroCount(bits);
            sequence = _byRoom[room].Dequeue();
            if (_byRoom[room].Count == 0) _occupied[word] &= ~(1UL << (room & 63));
            Count--;
            return true;
        }

        return false;
    }
}
