namespace MiniMind.Architecture;

/// <summary>Arrows only downwards: what each part may use, in its project file, in its restored packages and in its compiled assembly.</summary>
public class DependencyArrowTests
{
    private const string Protos = "protos/MiniMind.Protos.csproj";
    private const string Text = "model/Text/MiniMind.Text.csproj";
    private const string Transformer = "model/Transformer/MiniMind.Transformer.csproj";
    private const string Collectives = "worker/Collectives/MiniMind.Collectives.csproj";
    private const string Worker = "worker/Worker/MiniMind.Worker.csproj";
    private const string Coordinator = "coordinator/MiniMind.Coordinator.csproj";

    private static readonly string[] OwnAssemblies = ["MiniMind.Protos", "MiniMind.Text", "MiniMind.Transformer", "MiniMind.Collectives", "minimind-worker", "minimind"];

    [Fact]
    public void Products_areTheAgreedSix() =>
        Assert.Equal(
            new[] { Coordinator, Text, Transformer, Protos, Collectives, Worker }.Order(StringComparer.Ordinal),
            Repository.Projects.Where(project => !project.IsTest).Select(project => project.Path).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(Protos)]
    [InlineData(Text)]
    [InlineData(Transformer, Text)]
    [InlineData(Collectives, Protos)]
    [InlineData(Worker, Transformer, Collectives)]
    [InlineData(Coordinator, Text, Protos)]
    public void ProjectFile_namesOnlyThePartsBelow(string project, params string[] expected) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), Repository.Project(project).CodeReferences);

    [Fact]
    public void Coordinator_namesTheWorkerForBuildOrderOnly()
    {
        Assert.Equal([Worker], Repository.Project(Coordinator).BuildOrderReferences);
        Assert.All(Repository.Projects.Where(project => !project.IsTest && project.Path != Coordinator), project => Assert.Empty(project.BuildOrderReferences));
    }

    [Theory]
    [InlineData("protos", "MiniMind.Protos")]
    [InlineData("model/Text", "MiniMind.Text")]
    [InlineData("model/Transformer", "MiniMind.Transformer", "MiniMind.Text")]
    [InlineData("worker/Collectives", "MiniMind.Collectives", "MiniMind.Protos")]
    [InlineData("worker/Worker", "minimind-worker", "MiniMind.Collectives", "MiniMind.Protos", "MiniMind.Text", "MiniMind.Transformer")]
    [InlineData("coordinator", "minimind", "MiniMind.Protos", "MiniMind.Text")]
    public void Assembly_usesOnlyThePartsBelow(string folder, string name, params string[] allowed)
    {
        var used = CompiledAssembly.References(folder, name);
        Assert.Contains("System.Runtime", used);
        Assert.Subset(allowed.ToHashSet(), used.Intersect(OwnAssemblies).ToHashSet());
    }

    [Theory]
    [InlineData("protos", "MiniMind.Protos")]
    [InlineData("model/Text", "MiniMind.Text")]
    [InlineData("worker/Collectives", "MiniMind.Collectives")]
    [InlineData("coordinator", "minimind")]
    public void Assembly_withoutTensors_neitherUsesNorShipsTorch(string folder, string name)
    {
        Assert.DoesNotContain(CompiledAssembly.References(folder, name), IsTorch);
        Assert.DoesNotContain(CompiledAssembly.FilesBeside(folder), IsTorch);
    }

    [Theory]
    [InlineData(Protos)]
    [InlineData(Text)]
    [InlineData(Collectives)]
    [InlineData(Coordinator)]
    [InlineData("tests/Simulation/MiniMind.Simulation.csproj")]
    public void PackageGraph_withoutTensors_holdsNoTorch(string project) =>
        Assert.DoesNotContain(Repository.Project(project).PackageGraph(), IsTorch);

    [Fact]
    public void Transformer_knowsNoNetwork()
    {
        string[] network = ["Grpc", "Orleans", "Microsoft.Orleans", "System.Net", "Microsoft.AspNetCore"];
        Assert.DoesNotContain(CompiledAssembly.References("model/Transformer", "MiniMind.Transformer"), name => network.Any(part => name.StartsWith(part, StringComparison.Ordinal)));
        Assert.DoesNotContain(Repository.Project(Transformer).PackageGraph(), name => network.Any(part => name.StartsWith(part, StringComparison.Ordinal)));
    }

    private static bool IsTorch(string name) => name.Contains("torch", StringComparison.OrdinalIgnoreCase);
}
