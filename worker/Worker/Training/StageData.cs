using MiniMind.Protos;
using MiniMind.Text.Packing;
using MiniMind.Transformer.Training;

namespace MiniMind.Worker.Training;

/// <summary>The packed sequences of a stage, and which of them a lane computes in a step.</summary>
internal sealed class StageData : IDisposable
{
    private readonly StageSpec _spec;
    private readonly SequenceSet _training;
    private readonly SequenceSet _validation;

    /// <param name="training">Local paths of the training shards, in the order of the stage.</param>
    /// <param name="validation">Local paths of the validation shards.</param>
    public StageData(StageSpec spec, IReadOnlyList<string> training, IReadOnlyList<string> validation)
    {
        _spec = spec;
        _training = new SequenceSet(training);
        _validation = new SequenceSet(validation);
        Order = new SampleOrder(
            spec.Seed, spec.StageIndex, _training.Count, spec.Lanes, spec.MicrobatchesPerLane, spec.SequencesPerMicrobatch, spec.Epochs);
    }

    /// <summary>The order in which sequences are consumed.</summary>
    public SampleOrder Order { get; }

    /// <summary>The microbatches of a lane in a step; fewer, or shorter ones, in an epoch's last step.</summary>
    public IEnumerable<Microbatch> Training(long step, int lane)
    {
        for (var microbatch = 0; microbatch < _spec.MicrobatchesPerLane; microbatch++)
        {
            var indices = Order.Microbatch(step, lane, microbatch);
            if (indices.Count > 0) yield return Batch(_training, indices);
        }
    }

    /// <summary>The part of the validation set that a lane computes: every lanes-th sequence.</summary>
    public IEnumerable<Microbatch> Validation(int lane)
    {
        var own = new List<long>();
        for (long index = lane; index < _validation.Count; index += _spec.Lanes) own.Add(index);
        return own.Chunk(_spec.SequencesPerMicrobatch).Select(indices => Batch(_validation, indices));
    }

    public void Dispose()
    {
        _training.Dispose();
        _validation.Dispose();
    }

    private Microbatch Batch(SequenceSet set, IReadOnlyList<long> indices) => Microbatch.FromSequences(
        _spec.SequenceLength, [.. indices.Select(set.Read).Select(row => (row.Tokens, row.Targets, row.DocumentStarts))]);

    /// <summary>Several shards seen as one list of sequences.</summary>
    private sealed class SequenceSet : IDisposable
    {
        private readonly List<(long First, ShardReader Shard)> _shards = [];

        public SequenceSet(IReadOnlyList<string> paths)
        {
            foreach (var path in paths)
            {
                var shard = ShardReader.Open(path);
                _shards.Add((Count, shard));
                Count += shard.Count;
            }
        }

        public long Count { get; }

        public PackedSequence Read(long index)
        {
            var (first, shard) = _shards.FindLast(entry => entry.First <= index);
            return shard.Read(index - first);
        }

        public void Dispose()
        {
            foreach (var (_, shard) in _shards) shard.Dispose();
        }
    }
}
