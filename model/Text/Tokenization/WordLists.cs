namespace MiniMind.Text.Tokenization;

/// <summary>Very many lists of words, mostly short, as links in two arrays: a list object for each would take several times the memory.</summary>
internal sealed class WordLists
{
    /// <summary>The list without words.</summary>
    public const int Empty = -1;

    private int[] _words = new int[1 << 12];
    private int[] _next = new int[1 << 12];
    private int _used;
    private int _free = Empty;

    /// <summary>A list with one more word, unless that word was the last one that was added to it.</summary>
    public int Add(int list, int word)
    {
        if (list != Empty && _words[list] == word) return list;
        int link = _free;
        if (link != Empty) _free = _next[link];
        else link = _used++;
        if (link == _words.Length)
        {
            Array.Resize(ref _words, link + link / 2);
            Array.Resize(ref _next, link + link / 2);
        }

        (_words[link], _next[link]) = (word, list);
        return link;
    }

    /// <summary>Takes the first word out of a list, which is not empty, and gives its link back.</summary>
    public int Take(ref int list)
    {
        int link = list;
        list = _next[link];
        (_next[link], _free) = (_free, link);
        return _words[link];
    }
}
