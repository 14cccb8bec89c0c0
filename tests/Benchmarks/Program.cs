using BenchmarkDotNet.Running;
using MiniMind.Benchmarks;
using MiniMind.Benchmarks.Attention;

// dotnet run -c Release --project tests/Benchmarks -- --filter '*Attention*'    measures
// dotnet run -c Release --project tests/Benchmarks -- check                     proves that the variants of attention are right
if (args is ["check"])
{
    var wrong = AttentionCheck.Write(Console.Out);
    Console.WriteLine(wrong == 0 ? "\nEvery variant is what it says." : $"\n{wrong} rows are not what they say.");
    return wrong == 0 ? 0 : 1;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, new MeasuringConfig());
return 0;
