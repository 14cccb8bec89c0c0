using System.Buffers.Binary;
using System.Text;
using MiniMind.Text;
using MiniMind.Transformer.Formats;

namespace MiniMind.Transformer.Tests.Formats;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("safetensors").FullName;

    private string FilePath => Path.Combine(folder, "model.safetensors");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void What_is_written_is_read_back()
    {
        SafetensorsWriter.Write(FilePath,
            [new TensorToWrite("b", [2, 3], new float[] { 1, 2, 3, 4, 5, 6 }), new TensorToWrite("a", [], new float[] { 7 }), new TensorToWrite("none", [0, 4], Array.Empty<float>())],
            new Dictionary<string, string> { ["step"] = "12" });

        using var file = SafetensorsFile.Open(FilePath);

        Assert.Equal(["b", "a", "none"], file.Entries.OrderBy(entry => entry.Start).ThenBy(entry => entry.End).Select(entry => entry.Name));
        Assert.Equal([2L, 3], file.Entry("b").Shape);
        Assert.Equal([1, 2, 3, 4, 5, 6], file.ReadFloats("b"));
        Assert.Equal([7], file.ReadFloats("a"));
        Assert.Empty(file.ReadFloats("none"));
        Assert.Equal(("pt", "12"), (file.Metadata["format"], file.Metadata["step"]));
    }

    [Fact]
    public void Bytes_are_the_same_every_time_and_data_is_aligned()
    {
        SafetensorsWriter.Write(FilePath, [new TensorToWrite("x", [1], new float[] { 1 })]);
        var first = File.ReadAllBytes(FilePath);
        SafetensorsWriter.Write(FilePath, [new TensorToWrite("x", [1], new float[] { 1 })]);

        Assert.Equal(first, File.ReadAllBytes(FilePath));
        Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(first) % 8);
        Assert.Equal("""{"__metadata__":{"format":"pt"},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", Encoding.UTF8.GetString(first[8..^4]).TrimEnd());
        Assert.Equal([FilePath], Directory.GetFiles(folder));
    }

    [Fact]
    public void Half_precision_is_widened_exactly()
    {
        byte[] data = [0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc, 0x80, 0x3f, 0x49, 0xc0];
        Write("""{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[6,10]}}""", data);

        using var file = SafetensorsFile.Open(FilePath);

        Assert.Equal([1f, 5.9604645e-08f, float.NegativeInfinity], file.ReadFloats("h"));
        Assert.Equal([1f, -3.140625f], file.ReadFloats("b"));
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "tensor x: expected 12 bytes for F32 [3], found 8")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 6, "expected 8 bytes of tensor data, found 6; the file is cut short")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "expected 8 bytes of tensor data, found 9")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6, "tensor y: expected its data at offset 4, found 2 (overlap)")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[6,10]}}""", 10, "tensor y: expected its data at offset 4, found 6 (hole)")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "tensor x: expected once, found twice")]
    [InlineData("""{"x":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}""", 4, "tensor x: expected dtype F32, F16, BF16, I64, found Q4")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "tensor x: expected whole numbers from 0 in shape, found -1")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4000000000,4000000000],"data_offsets":[0,4]}}""", 4, "tensor x: expected a shape that fits in memory")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "tensor x: expected data_offsets [start, end], found [4,0]")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1]}}""", 4, "tensor x: expected dtype, shape and data_offsets")]
    [InlineData("""{"x":""", 0, "expected a safetensors header in JSON")]
    [InlineData("[]", 0, "expected a safetensors header that begins with '{'")]
    public void A_damaged_file_is_refused_with_the_place(string header, int dataLength, string message)
    {
        Write(header, new byte[dataLength]);

        var failure = Assert.Throws<InputException>(() => SafetensorsFile.Open(FilePath));

        Assert.StartsWith(FilePath, failure.Message, StringComparison.Ordinal);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_safetensors_is_refused()
    {
        File.WriteAllText(FilePath, "PK");
        Assert.Contains("found only 2 bytes", Assert.Throws<InputException>(() => SafetensorsFile.Open(FilePath)).Message, StringComparison.Ordinal);
        File.WriteAllText(FilePath, "a text that is long enough");
        Assert.Contains("expected a header of at most", Assert.Throws<InputException>(() => SafetensorsFile.Open(FilePath)).Message, StringComparison.Ordinal);
        File.Delete(FilePath);
        Assert.Contains("cannot be read", Assert.Throws<InputException>(() => SafetensorsFile.Open(FilePath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_as_the_wrong_type_or_size_is_refused()
    {
        Write("""{"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"f":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", new byte[12]);
        using var file = SafetensorsFile.Open(FilePath);

        Assert.Equal([0L], file.ReadIntegers("i"));
        Assert.Contains("expected a float type, found I64", Assert.Throws<InputException>(() => file.ReadFloats("i")).Message, StringComparison.Ordinal);
        Assert.Contains("expected I64, found F32", Assert.Throws<InputException>(() => file.ReadIntegers("f")).Message, StringComparison.Ordinal);
        Assert.Contains("expected 2 elements, found [1]", Assert.Throws<InputException>(() => file.ReadFloats("f", new float[2])).Message, StringComparison.Ordinal);
        Assert.Contains("expected a tensor g, found none", Assert.Throws<InputException>(() => file.Entry("g")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        SafetensorsWriter.Write(FilePath, [new TensorToWrite("x", [1], new float[] { 1 })]);
        var before = File.ReadAllBytes(FilePath);

        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(FilePath, file =>
        {
            file.WriteByte(1);
            throw new InvalidOperationException("disk full");
        }));

        Assert.Equal(before, File.ReadAllBytes(FilePath));
        Assert.Equal([FilePath], Directory.GetFiles(folder));
    }

    private void Write(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)json.Length);
        File.WriteAllBytes(FilePath, [.. prefix, .. json, .. data]);
    }
}
