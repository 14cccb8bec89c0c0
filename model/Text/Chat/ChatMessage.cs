using System.Text.Json;

namespace MiniMind.Text.Chat;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">system, user, assistant or tool.</param>
/// <param name="Content">What was said; empty when there is nothing but tool calls.</param>
/// <param name="ReasoningContent">The assistant's thoughts, when they are kept apart from the content.</param>
/// <param name="Tools">JSON list of tool signatures, on a system message; null when there are none.</param>
/// <param name="ToolCalls">JSON list of the assistant's calls (each with a name and arguments, or wrapped in "function"); null when there are none.</param>
public sealed record ChatMessage(
    string Role, string Content, string? ReasoningContent = null, JsonElement? Tools = null, JsonElement? ToolCalls = null);
