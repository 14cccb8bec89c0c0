using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class StageControllerTests
{
    private static readonly StageControllerOptions Options = new(0, new GenerationOptions(2, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(15)));
    private static readonly StageProgress Progress = new(-1, 0, new byte[32], []);

    private readonly ManualTime _time = new();
    private readonly StageController _controller;

    public StageControllerTests() => _controller = new StageController(Options, stored: null, highestNumber: 7, _time);

    private void Come(string worker, int incarnation = 1, long generation = 0)
    {
        Assert.Null(_controller.Connect(new Hello { Worker = worker, Incarnation = $"{worker}#{incarnation}", Endpoint = $"{worker}:1", Generation = generation }));
        Assert.Null(_controller.Prepare(worker, $"{worker}#{incarnation}", "probe"));
    }

    private Generation Form()
    {
        var decision = _controller.Decide();
        Assert.True(decision.Form, decision.Reason);
        return _controller.Form(decision, Progress);
    }

    private static string Members(Generation generation) => string.Join(' ', generation.Members.Select(member => member.Incarnation));

    [Fact]
    public void Numbers_grow_above_any_that_a_worker_reports()
    {
        Come("a");
        Come("b");
        Assert.Equal(8, Form().Number);
        Come("c", generation: 20);
        Assert.Equal((21, "a#1 b#1 c#1"), (Form().Number, Members(_controller.Current!)));
    }

    [Fact]
    public void A_generation_says_where_to_start()
    {
        Come("a");
        Come("b");
        var files = new[] { new ArtifactRef { Name = "model.safetensors" } };
        var formed = _controller.Form(_controller.Decide(), new StageProgress(20, 20, [.. Enumerable.Repeat((byte)5, 32)], files));
        Assert.Equal((20L, 20L, 5), (formed.CheckpointStep, formed.RestoreStep, formed.RestoreLedger[0]));
        Assert.Equal(files, formed.Restore);
    }

    [Fact]
    public void A_worker_that_falls_silent_is_left_out_and_one_that_is_heard_is_not()
    {
        Come("a");
        Come("b");
        Form();
        _time.Advance(TimeSpan.FromSeconds(15));
        _controller.Hear("a", "a#1");
        _controller.Hear("b", "b#0");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("a#1", Members(Form()));
    }

    [Fact]
    public void A_worker_whose_stream_ends_is_left_out_and_comes_back_at_a_boundary()
    {
        Come("a");
        Come("b");
        Form();
        _controller.Disconnect("b", "b#0");
        Assert.False(_controller.Decide().Form);
        _controller.Disconnect("b", "b#1");
        Assert.Equal("a#1", Members(Form()));
        Come("b");
        var back = Form();
        Assert.Equal(("a#1 b#1", true), (Members(back), back.AtBoundary));
    }

    [Fact]
    public void Trouble_between_two_parts_them_for_a_while_only()
    {
        Come("a");
        Come("b");
        var generation = Form();
        Assert.Empty(_controller.Report("a", Trouble(generation, Protos.Trouble.Types.Kind.Silent, "b")));
        Assert.Equal("a#1", Members(Form()));
        Assert.False(_controller.Decide().Form);
        _time.Advance(TimeSpan.FromSeconds(31));
        _controller.Hear("a", "a#1");
        _controller.Hear("b", "b#1");
        var joined = Form();
        Assert.Equal(("a#1 b#1", true), (Members(joined), joined.AtBoundary));
    }

    [Fact]
    public void A_new_process_is_not_blamed_for_its_predecessor()
    {
        Come("a");
        Come("b");
        _controller.Report("a", Trouble(Form(), Protos.Trouble.Types.Kind.Unreachable, "b"));
        Come("b", incarnation: 2);
        Assert.Equal("a#1 b#2", Members(Form()));
    }

    [Fact]
    public void Trouble_of_an_older_generation_is_stale()
    {
        Come("a");
        Come("b");
        var old = Form();
        _controller.Report("a", Trouble(old, Protos.Trouble.Types.Kind.Unreachable));
        Form();
        Assert.Empty(_controller.Report("b", Trouble(old, Protos.Trouble.Types.Kind.Diverged, "a")));
        Assert.False(_controller.Decide().Form);
    }

    [Fact]
    public void A_divergent_worker_is_expelled_and_its_process_never_admitted_again()
    {
        Come("a");
        Come("b");
        Assert.Equal(["b"], _controller.Report("a", Trouble(Form(), Protos.Trouble.Types.Kind.Diverged, "b")));
        Assert.False(_controller.Knows("b", "b#1"));
        Assert.Equal("a#1", Members(Form()));
        Assert.Contains("expelled", _controller.Connect(new Hello { Worker = "b", Incarnation = "b#1" }), StringComparison.Ordinal);
        Come("b", incarnation: 2);
        Assert.Equal("a#1 b#2", Members(Form()));
    }

    [Fact]
    public void A_worker_with_other_arithmetic_is_refused()
    {
        Come("a");
        _controller.Connect(new Hello { Worker = "b", Incarnation = "b#1" });
        var refusal = _controller.Prepare("b", "b#1", "another");
        Assert.Contains("another", refusal, StringComparison.Ordinal);
        Assert.Contains("probe", refusal, StringComparison.Ordinal);
        Assert.False(_controller.Knows("b", "b#1"));
    }

    [Fact]
    public void Members_of_a_stored_generation_are_given_time_to_reconnect()
    {
        var stored = new Generation { Number = 9 };
        stored.Members.AddRange(Views.Workers("ab").Select(worker => new MemberEntry { Worker = worker.Worker, Incarnation = worker.Incarnation, Endpoint = worker.Endpoint }));
        var controller = new StageController(Options, stored, 9, _time);
        Assert.False(controller.Decide().Form);
        controller.Connect(new Hello { Worker = "a", Incarnation = "a#1", Generation = 9 });
        Assert.False(controller.Decide().Form);
        _time.Advance(TimeSpan.FromSeconds(16));
        controller.Hear("a", "a#1");
        var decision = controller.Decide();
        Assert.Equal(("a", 10), (Views.Names(decision.Members), controller.Form(decision, Progress).Number));
    }

    [Fact]
    public void Members_of_a_stored_generation_that_are_known_to_be_dead_are_not_waited_for()
    {
        var stored = new Generation { Number = 9 };
        stored.Members.AddRange(Views.Workers("ab").Select(worker => new MemberEntry { Worker = worker.Worker, Incarnation = worker.Incarnation, Endpoint = worker.Endpoint }));
        var decision = new StageController(Options, stored, 9, _time, alive: worker => worker == "b").Decide();
        Assert.Equal((true, "b", "lost a"), (decision.Form, Views.Names(decision.Members), decision.Reason));
    }

    private static Trouble Trouble(Generation generation, Trouble.Types.Kind kind, params string[] culprits)
    {
        var trouble = new Trouble { Generation = generation.Number, Kind = kind };
        trouble.Workers.AddRange(culprits);
        return trouble;
    }

    [Theory]
    [InlineData("compute", 16, "b#1")]  // it hangs
    [InlineData("reduce", 16, "a#1")]   // it waits itself: the network is to blame, and the older one wins
    [InlineData("compute", 14, "a#1")]  // it has begun only lately
    public void A_silent_member_has_stalled_when_it_has_long_computed_the_same(string phase, int seconds, string left)
    {
        Come("a");
        Come("b");
        var generation = Form();
        var beat = new Heartbeat { Generation = generation.Number, Step = 3, Phase = phase };
        _controller.Beat("a", "a#1", beat);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        foreach (var worker in (string[])["a", "b"]) _controller.Hear(worker, $"{worker}#1");
        _controller.Beat("a", "a#1", beat);
        _controller.Report("b", Trouble(generation, Protos.Trouble.Types.Kind.Silent, "a"));
        Assert.Equal(left, Members(Form()));
    }

    [Fact]
    public void A_member_that_had_stalled_takes_part_again_when_it_does_something_else()
    {
        Come("a");
        Come("b");
        var generation = Form();
        _controller.Beat("a", "a#1", new Heartbeat { Step = 3, Phase = "compute" });
        _time.Advance(TimeSpan.FromSeconds(16));
        foreach (var worker in (string[])["a", "b"]) _controller.Hear(worker, $"{worker}#1");
        _controller.Report("b", Trouble(generation, Protos.Trouble.Types.Kind.Silent, "a"));
        Assert.Equal("b#1", Members(Form()));
        Assert.False(_controller.Decide().Form);
        _controller.Beat("a", "a#1", new Heartbeat { Step = 3, Phase = "wait" });
        Assert.Equal("b#1 a#1", Members(Form()));
    }

    /// <summary>The newest generations wait for a boundary that the one which ranks are in will not reach.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_gives_no_sign_of_life_in_the_generation_before_is_parted_in_one_that_waits_for_its_boundary(bool two)
    {
        var before = FormOfTwo();
        Come("c");
        Assert.True(Form().AtBoundary);
        if (two)
        {
            Come("d");
            Assert.True(Form().AtBoundary);
        }

        _controller.Report("a", Trouble(before, Protos.Trouble.Types.Kind.Unreachable, "b"));
        Assert.False(_controller.Decide().Form);
        _controller.Report("a", Trouble(before, Protos.Trouble.Types.Kind.Lifeless, "b"));
        Assert.Equal(two ? "a#1 c#1 d#1" : "a#1 c#1", Members(Form()));
    }

    [Fact]
    public void That_says_nothing_of_a_generation_that_began_at_once()
    {
        var before = FormOfTwo();
        _controller.Report("a", Trouble(before, Protos.Trouble.Types.Kind.Unreachable));
        Assert.False(Form().AtBoundary);
        _controller.Report("a", Trouble(before, Protos.Trouble.Types.Kind.Lifeless, "b"));
        Assert.False(_controller.Decide().Form);
    }

    [Fact]
    public void That_says_nothing_of_another_process_of_the_same_name()
    {
        var before = FormOfTwo();
        Come("b", incarnation: 2);
        Form();
        Come("c");
        Assert.True(Form().AtBoundary);
        _controller.Report("a", Trouble(before, Protos.Trouble.Types.Kind.Lifeless, "b"));
        Assert.False(_controller.Decide().Form);
    }

    /// <summary>Two workers in a generation that they have entered.</summary>
    private Generation FormOfTwo()
    {
        Come("a");
        Come("b");
        var generation = Form();
        _controller.Beat("a", "a#1", new Heartbeat { Generation = generation.Number, Step = 3, Phase = "compute" });
        return generation;
    }

    [Fact]
    public void Silence_begins_later_for_a_worker_that_is_often_heard_late()
    {
        Come("a");
        Come("b");
        Form();
        Pass(14);
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.False(_controller.Decide().Form);
        _controller.Hear("b", "b#1");
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("b#1", Members(Form()));
    }

    private void Pass(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        foreach (var worker in (string[])["a", "b"]) _controller.Hear(worker, $"{worker}#1");
    }
}
