namespace MiniMind.Text.Tokenization;

/// <summary>
/// Learns a byte-level BPE vocabulary (Sennrich et al. 2016; bytes as in GPT-2) with the merges of Hugging Face's trainer: the most
/// frequent pair first, ties to the smaller left id, then right id; a merge that spells an existing token reuses it.
/// </summary>
public static class BpeTrainer
{
    private const int ProgressInterval = 100;

    /// <summary>
    /// Reads all texts once, then merges. Memory grows with the number of distinct pieces, not with the texts. Neither the order of the texts nor the number of
    /// threads changes the result.
    /// </summary>
    /// <param name="texts">The corpus, read on the calling thread; each text is cut into pieces on its own.</param>
    /// <param name="options">Sizes and special tokens.</param>
    /// <param name="progress">Told the number of tokens there are, every 100 merges and at the end.</param>
    /// <param name="cancellation">Ends the merging; what yields the texts ends the reading.</param>
    /// <exception cref="InputException">An option is out of its range.</exception>
    public static TrainedVocabulary Train(IEnumerable<string> texts, BpeTrainerOptions options, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        options.Check();
        var state = new State(Words.Of(WordCounts.Of(options.Sample < 1 ? texts.Where(options.Takes) : texts, options.Threads)), options);
        while (state.TokenCount < options.VocabularySize && state.MergeNext())
        {
            cancellation.ThrowIfCancellationRequested();
            if (state.MergeCount % ProgressInterval == 0) progress?.Report(state.TokenCount);
        }

        progress?.Report(state.TokenCount);
        return state.ToVocabulary();
    }

    private sealed class State
    {
        /// <summary>Highest count first, then smallest pair.</summary>
        private static readonly Comparer<(long Count, long Pair)> Order = Comparer<(long Count, long Pair)>.Create(
            (x, y) => x.Count != y.Count ? y.Count.CompareTo(x.Count) : x.Pair.CompareTo(y.Pair));

        private readonly BpeTrainerOptions _options;
        private readonly List<string> _tokens = [];
        private readonly Dictionary<string, int> _idOf = new(StringComparer.Ordinal);
        private readonly List<(int Left, int Right)> _merges = [];
        private readonly Words _words;
        private readonly PairCounts _pairs = new();
        /// <summary>Lists of words where a pair was gained, by the pair and its count then.</summary>
        private readonly PriorityQueue<int, (long Count, long Pair)> _queue = new(Order);

        public State(Words words, BpeTrainerOptions options)
        {
            (_options, _words) = (options, words);
            foreach (var token in options.SpecialTokens) AddToken(token.Content);
            words.Replace(AddBytes());
            for (int word = 0; word < words.Count; word++)
            {
                var symbols = words.Symbols(word);
                for (int i = 0; i + 1 < symbols.Length; i++) _pairs.Add(PairCounts.Pair(symbols[i], symbols[i + 1]), words.CountOf(word), word);
            }

            QueueGains();
        }

        public int TokenCount => _tokens.Count;

        public int MergeCount => _merges.Count;

        /// <summary>Makes the next merge; false when no pair is frequent enough.</summary>
        public bool MergeNext()
        {
            while (_queue.TryDequeue(out int words, out var top))
            {
                long count = _pairs[top.Pair];
                if (count != top.Count)
                {
                    // Earlier merges took some of its occurrences since it was queued.
                    _queue.Enqueue(words, (count, top.Pair));
                    continue;
                }

                if (count < Math.Max(1, _options.MinFrequency)) return false;
                var (left, right) = ((int)(top.Pair >> 32), (int)top.Pair);
                string text = _tokens[left] + _tokens[right];
                int id = _idOf.TryGetValue(text, out int existing) ? existing : AddToken(text);
                _merges.Add((left, right));
                while (words != WordLists.Empty) Merge(_pairs.Words.Take(ref words), left, right, id);
                QueueGains();
                return true;
            }

            return false;
        }

        public TrainedVocabulary ToVocabulary()
        {
            // A pair can come up again after a merge reused a token: only its last rank counts, as in the reference.
            var last = new Dictionary<(int, int), int>();
            for (int rank = 0; rank < _merges.Count; rank++) last[_merges[rank]] = rank;
            var merges = _merges.Where((merge, rank) => last[merge] == rank).Select(merge => (_tokens[merge.Left], _tokens[merge.Right]));
            return new TrainedVocabulary(_tokens, merges.ToList(), _options.SpecialTokens);
        }

        private int AddToken(string text)
        {
            _idOf.Add(text, _tokens.Count);
            _tokens.Add(text);
            return _tokens.Count - 1;
        }

        private int[] AddBytes()
        {
            var occurs = new bool[256];
            for (int word = 0; word < _words.Count; word++)
                foreach (int value in _words.Symbols(word))
                    occurs[value] = true;
            var idOfByte = new int[256];
            foreach (byte value in ByteAlphabet.InOrderOfCharacters())
                if (_options.AllBytes || occurs[value])
                    idOfByte[value] = AddToken(ByteAlphabet.CharOf(value).ToString());
            return idOfByte;
        }

        private void QueueGains()
        {
            foreach (var (pair, count, words) in _pairs.TakeGains())
                if (count > 0)
                    _queue.Enqueue(words, (count, pair));
        }

        /// <summary>Replaces the pair in a word, left to right, and counts the pairs that its neighbours lose and gain.</summary>
        private void Merge(int word, int left, int right, int id)
        {
            var symbols = _words.Symbols(word);
            int length = symbols.Length;
            long count = _words.CountOf(word);
            int kept = 0;
            for (int i = 0; i < length; i++)
            {
                if (symbols[i] != left || i + 1 >= length || symbols[i + 1] != right)
                {
                    symbols[kept++] = symbols[i];
                    continue;
                }

                if (kept > 0)
                {
                    _pairs.Add(PairCounts.Pair(symbols[kept - 1], left), -count, word);
                    _pairs.Add(PairCounts.Pair(symbols[kept - 1], id), count, word);
                }

                if (i + 2 < length)
                {
                    _pairs.Add(PairCounts.Pair(right, symbols[i + 2]), -count, word);
                    _pairs.Add(PairCounts.Pair(id, symbols[i + 2]), count, word);
                }

                symbols[kept++] = id;
                i++;
            }

            _words.Shorten(word, kept);
        }
    }
}
