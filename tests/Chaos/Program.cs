using MiniMind.Chaos;

return await ChaosCommand.Build().Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = ChaosCommand.CleaningPatience });
