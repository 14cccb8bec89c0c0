using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>
/// A module whose parts are registered one by one under Hugging Face's names. TorchSharp would otherwise also register every
/// field under the field's own name, and count its parameters twice.
/// </summary>
public abstract class NamedModule(string name) : nn.Module(name)
{
    protected sealed override void RegisterComponents()
    {
    }
}
