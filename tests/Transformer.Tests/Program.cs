using MiniMind.Transformer.Tests;

Console.Write(Sample.GradientDigest(threads: 1));
