using MiniMind.Transformer.Tests;
using MiniMind.Transformer.Tests.Runtime;

Console.Write(args is ["runtime"] ? LoadedRuntime.Report() : Sample.GradientDigest(threads: 1));
