using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using MiniMind.Text;
using MiniMind.Text.Tokenization;
using MiniMind.Transformer.Formats;
using MiniMind.Transformer.Generation;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Chat;
using MiniMind.Worker.Evaluation;
using MiniMind.Worker.SelfTest;
using MiniMind.Worker.Training;

namespace MiniMind.Worker.CommandLine;

/// <summary>The verbs of the worker program. Those that need tensors are also verbs of "minimind", which runs this program for them.</summary>
internal static class Verbs
{
    // Called after the command that users type, so that its help shows what they would type.
    public static Command Build()
    {
        var help = new HelpOption();
        help.Action = new HelpWithExample((HelpAction)help.Action!, new Dictionary<string, string>
        {
            ["chat"] = "minimind chat --model runs/quickstart/latest --prompt \"What is the product of Stiware?\" --temperature 0",
            ["eval"] = "minimind eval --model runs/quickstart/latest --questions runs/quickstart/data/questions.jsonl --out answers.json",
            ["selftest"] = "minimind selftest --golden my/golden --case tiny",
        });
        return new Command("minimind", "The program that computes: minimind starts it for whatever needs tensors.")
        {
            help, Train(), Check(), Init(), Chat(), Eval(), SelfTest(),
        };
    }

    private static Command Train()
    {
        var coordinator = new Option<string>("--coordinator") { Description = "Address of the coordinator; of several, separated by commas, any one will do.", HelpName = "http://HOST:PORT[,…]", Required = true };
        var run = new Option<string>("--run") { Description = "Run to take part in.", HelpName = "ID", Required = true };
        var name = new Option<string>("--name") { Description = "Name of this worker, stable over restarts.", HelpName = "NAME", Required = true };
        var cache = new Option<string>("--cache") { Description = "Folder for fetched artifacts.", HelpName = "DIR", Required = true };
        var listen = new Option<string>("--listen") { Description = "Address that peers are accepted on.", HelpName = "ADDRESS", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--port") { Description = "Port that peers are accepted on; 0: any free one.", HelpName = "N" };
        var host = new Option<string?>("--advertise") { Description = "Where peers reach this worker; a port only where something forwards it.", HelpName = "HOST[:PORT]" };
        var log = new Option<string?>("--log") { Description = "File that whoever starts this worker keeps its output in; goes on with it when that process is gone.", HelpName = "FILE" };
        var command = new Command("train", "Take part in a run: attend its coordinator until the run ends.") { coordinator, run, name, cache, listen, port, host, log };
        command.SetAction(async parsed =>
        {
            var (advertisedHost, advertisedPort) = AdvertisedEndpoint.Parse(parsed.GetValue(host));
            var options = new WorkerOptions
            {
                Coordinator = parsed.GetRequiredValue(coordinator), RunId = parsed.GetRequiredValue(run), Name = parsed.GetRequiredValue(name),
                Cache = parsed.GetRequiredValue(cache), Listen = parsed.GetRequiredValue(listen), Port = parsed.GetValue(port),
                AdvertisedHost = advertisedHost, AdvertisedPort = advertisedPort,
            };
            using var telemetry = new WorkerTelemetry();
            await using var session = new TrainingSession(options, new WorkerLog(Console.Out, parsed.GetValue(log)), TimeProvider.System);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
            {
                signal.Cancel = true;
                session.Leave("SIGTERM");
            });
            // A terminal's Ctrl-C, or its end, reaches the whole process group; the coordinator answers it with the stop flag.
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
            using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
            return await session.RunAsync();
        });
        return command;
    }

    private static Command Check()
    {
        var device = new Option<string>("--device") { Description = "cpu or cuda.", Required = true };
        var command = new Command("check", "Tell whether a device can be computed on.") { device };
        command.SetAction(parsed =>
        {
            TorchRuntime.Initialize(threads: 1, parsed.GetRequiredValue(device));
            Console.Out.WriteLine(TorchRuntime.Describe());
        });
        return command;
    }

    private static Command Init()
    {
        var config = new Option<string>("--config") { Description = "config.json with the sizes.", HelpName = "FILE", Required = true };
        var tokenizer = new Option<string>("--tokenizer") { Description = "Folder of the tokenizer.", HelpName = "DIR", Required = true };
        var seed = new Option<ulong>("--seed") { Description = "The same seed gives the same weights.", Required = true };
        var result = new Option<string>("--out") { Description = "Folder to write.", HelpName = "DIR", Required = true };
        var command = new Command("init", "Write a model that has learned nothing yet.") { config, tokenizer, seed, result };
        command.SetAction(parsed =>
        {
            TorchRuntime.Initialize(threads: 1);
            using var state = TrainingState.Create(HuggingFaceFolder.ReadConfig(parsed.GetRequiredValue(config)));
            state.Initialize(parsed.GetValue(seed));
            HuggingFaceFolder.Write(state, parsed.GetRequiredValue(result), Tokenizer.Load(parsed.GetRequiredValue(tokenizer)).Files);
        });
        return command;
    }

    private static Command Chat()
    {
        var (model, device, threads) = ModelOptions();
        var prompt = new Option<string?>("--prompt") { Description = "Ask this, print the answer and end.", HelpName = "TEXT" };
        var system = new Option<string?>("--system") { Description = "System prompt.", HelpName = "TEXT" };
        var defaults = new SamplingOptions();
        var temperature = new Option<double>("--temperature") { HelpName = "T", Description = "0 always takes the likeliest token.", DefaultValueFactory = _ => defaults.Temperature };
        var topP = new Option<double>("--top-p") { HelpName = "PART", Description = "Sample among the likeliest tokens of this total probability.", DefaultValueFactory = _ => defaults.TopP };
        var topK = new Option<int>("--top-k") { HelpName = "N", Description = "Sample among so many likeliest tokens; 0: all.", DefaultValueFactory = _ => defaults.TopK };
        var repetition = new Option<double>("--repetition-penalty") { HelpName = "X", Description = "Above 1 makes repeated tokens less likely.", DefaultValueFactory = _ => defaults.RepetitionPenalty };
        var seed = new Option<ulong>("--seed") { HelpName = "N", Description = "The same seed gives the same answer.", DefaultValueFactory = _ => defaults.Seed };
        var length = new Option<int>("--max-new-tokens") { HelpName = "N", Description = "Longest answer.", DefaultValueFactory = _ => defaults.MaxNewTokens };
        var command = new Command("chat", "Talk to a trained model in the terminal.")
        {
            model, device, threads, prompt, system, temperature, topP, topK, repetition, seed, length,
        };
        command.SetAction(parsed =>
        {
            var sampling = new SamplingOptions
            {
                Temperature = parsed.GetValue(temperature), TopP = parsed.GetValue(topP), TopK = parsed.GetValue(topK),
                RepetitionPenalty = parsed.GetValue(repetition), Seed = parsed.GetValue(seed), MaxNewTokens = parsed.GetValue(length),
            };
            sampling.Validate();
            if (string.IsNullOrWhiteSpace(parsed.GetValue(prompt) ?? "?")) throw new InputException("--prompt: expected a question, found nothing to answer; leave the option out to type questions");
            using var loaded = LoadedModel.Open(parsed.GetRequiredValue(model), parsed.GetRequiredValue(device), parsed.GetValue(threads));
            var conversation = new Conversation(loaded, parsed.GetValue(system), sampling);
            if (parsed.GetValue(prompt) is { } question) ChatLoop.Answer(conversation, question, Console.Out, CancellationToken.None);
            else ChatLoop.Run(conversation, Console.In, Console.Out, !Console.IsInputRedirected);
        });
        return command;
    }

    private static Command Eval()
    {
        var (model, device, threads) = ModelOptions();
        var questions = new Option<string>("--questions") { Description = "JSONL with question and answer.", HelpName = "FILE", Required = true };
        var length = new Option<int>("--max-new-tokens") { HelpName = "N", Description = "Longest answer.", DefaultValueFactory = _ => 32 };
        var result = new Option<string?>("--out") { Description = "Write all answers there as JSON.", HelpName = "FILE" };
        var command = new Command("eval", "Measure a trained model on a file of questions: exact match, answered greedily.")
        {
            model, device, threads, questions, length, result,
        };
        command.SetAction(parsed =>
        {
            var asked = Question.Read(parsed.GetRequiredValue(questions));
            // All answers would be lost.
            if (parsed.GetValue(result) is { } place) OutputPlace.RequireFile(place, "--out");
            using var loaded = LoadedModel.Open(parsed.GetRequiredValue(model), parsed.GetRequiredValue(device), parsed.GetValue(threads));
            var match = ExactMatch.Measure(loaded, asked, parsed.GetValue(length), CancellationToken.None);
            match.WriteSummary(Console.Out);
            if (parsed.GetValue(result) is { } path) match.WriteJson(path);
        });
        return command;
    }

    private static Command SelfTest()
    {
        var golden = new Option<string>("--golden") { Description = "Folder of reference cases.", HelpName = "DIR", Required = true };
        var name = new Option<string?>("--case") { Description = "Only this case.", HelpName = "NAME" };
        var tokenizers = new Option<string?>("--tokenizers") { Description = "Folder of MiniMind's tokenizers; default: data/tokenizers beside the golden folder.", HelpName = "DIR" };
        var command = new Command("selftest", "Compare this machine's results with reference figures.") { golden, name, tokenizers };
        command.SetAction(parsed => GoldenSelfTest.Run(
            parsed.GetRequiredValue(golden), parsed.GetValue(name), parsed.GetValue(tokenizers), Console.Out));
        return command;
    }

    private static (Option<string> Model, Option<string> Device, Option<int> Threads) ModelOptions()
    {
        var threads = new Option<int>("--threads") { HelpName = "N", Description = "Threads inside one operation.", DefaultValueFactory = _ => Math.Min(4, Environment.ProcessorCount) };
        threads.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1) result.AddError("--threads: expected at least 1");
        });
        return (
            new Option<string>("--model") { Description = "Folder of the model, such as runs/quickstart/latest.", HelpName = "DIR", Required = true },
            new Option<string>("--device") { HelpName = "cpu|cuda", Description = "Where tensors live.", DefaultValueFactory = _ => "cpu" },
            threads);
    }
}
