using MiniMind.Coordinator.Generations;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class GenerationRuleTests
{
    private static void Expect(ClusterView view, string members, bool atBoundary, string reason)
    {
        var decision = GenerationRule.Decide(view, Views.Options);
        Assert.True(decision.Form, decision.Reason);
        Assert.Equal((members, atBoundary, reason), (Views.Names(decision.Members), decision.AtBoundary, decision.Reason));
    }

    private static void ExpectKeep(ClusterView view, string reason)
    {
        var decision = GenerationRule.Decide(view, Views.Options);
        Assert.Equal((false, reason), (decision.Form, decision.Reason));
        Assert.Empty(decision.Members);
    }

    [Fact]
    public void Start_waits_until_as_many_as_expected_are_here() => ExpectKeep(Views.View("ab", waiting: 59), "2 of 3 workers are here");

    [Fact]
    public void Start_waits_for_a_newer_checkpoint_that_is_being_completed_and_not_for_one_that_a_state_is_ahead_of()
    {
        var view = Views.View("abc") with { RestoreStep = 4, NewerRestore = true };
        ExpectKeep(view, "a newer checkpoint to start from is being completed");
        Expect(view with { NewerRestore = false }, "abc", false, "all workers are here");
        Expect(view.With('b', worker => worker with { Step = 5 }), "abc", false, "all workers are here");
    }

    [Fact]
    public void Start_is_at_once_when_all_are_here() => Expect(Views.View("abc"), "abc", false, "all workers are here");

    [Fact]
    public void Start_takes_more_than_were_expected() => Expect(Views.View("abcd"), "abcd", false, "all workers are here");

    [Fact]
    public void Start_after_patience_takes_those_who_came() => Expect(Views.View("ab", waiting: 60), "ab", false, "2 of 3 workers came in time");

    [Fact]
    public void Start_with_nobody_keeps_waiting() => ExpectKeep(Views.View("", waiting: 1000), "0 of 3 workers are here");

    [Fact]
    public void Start_does_not_count_who_is_not_prepared_connected_heard_or_staying()
    {
        var view = Views.View("abcde").With('b', worker => worker with { Prepared = false }).With('c', worker => worker with { Connected = false })
            .With('d', worker => worker with { SilentFor = TimeSpan.FromSeconds(15.1) }).With('e', worker => worker with { Leaving = true });
        ExpectKeep(view, "1 of 3 workers are here");
    }

    [Fact]
    public void Start_ranks_by_age_whatever_the_order_of_the_view()
    {
        var view = Views.View("abc");
        Expect(view with { Workers = [.. view.Workers.Reverse()] }, "abc", false, "all workers are here");
    }

    [Fact]
    public void Nothing_changed_keeps_the_generation() => ExpectKeep(Views.View("abc", members: "abc"), "nothing changed");

    [Fact]
    public void A_lost_stream_forms_at_once() =>
        Expect(Views.View("abc", members: "abc").With('b', worker => worker with { Connected = false }), "ac", false, "lost b");

    [Fact]
    public void Silence_up_to_the_limit_is_tolerated_and_beyond_it_forms_at_once()
    {
        ExpectKeep(Views.View("abc", members: "abc").With('c', worker => worker with { SilentFor = TimeSpan.FromSeconds(15) }), "nothing changed");
        Expect(Views.View("abc", members: "abc").With('c', worker => worker with { SilentFor = TimeSpan.FromSeconds(15.1) }), "ab", false, "lost c");
    }

    [Fact]
    public void A_new_process_of_a_lost_member_s_name_is_a_newcomer_and_ranks_last()
    {
        var view = Views.View("abc", members: "abc");
        Expect(view with { Workers = [Views.Worker('a', 2), Views.Worker('b'), Views.Worker('c')] }, "bca", false, "lost a");
    }

    [Fact]
    public void A_loss_takes_waiting_newcomers_along() => Expect(Views.View("acd", members: "abc"), "acd", false, "lost b");

    [Fact]
    public void Nobody_left_keeps_the_generation_until_somebody_comes() =>
        ExpectKeep(Views.View("ab", members: "ab").With('a', worker => worker with { Connected = false }).With('b', worker => worker with { Connected = false }),
            "no worker is available");

    [Fact]
    public void A_troubled_member_forms_at_once_with_the_same_members_when_none_is_to_blame() =>
        Expect(Views.View("abc", members: "abc", troubled: true), "abc", false, "a member cannot go on");

    [Fact]
    public void A_troubled_pair_that_cannot_reach_each_other_is_parted() =>
        Expect(Views.View("abc", members: "abc", apart: "bc", troubled: true), "ab", false, "a member cannot go on");

    [Fact]
    public void A_newcomer_joins_at_the_boundary_after_the_members() =>
        Expect(Views.View("abc", members: "cb"), "cba", true, "a joins");

    [Fact]
    public void A_newcomer_that_is_not_prepared_does_not_join() =>
        ExpectKeep(Views.View("abc", members: "ab").With('c', worker => worker with { Prepared = false }), "nothing changed");

    [Fact]
    public void A_member_that_leaves_goes_at_the_boundary() =>
        Expect(Views.View("abc", members: "abc").With('a', worker => worker with { Leaving = true }), "bc", true, "a leaves");

    [Fact]
    public void Joins_and_leaves_share_a_boundary() =>
        Expect(Views.View("abc", members: "ab").With('a', worker => worker with { Leaving = true }), "bc", true, "c joins, a leaves");

    [Fact]
    public void When_all_leave_they_halt()
    {
        var view = Views.View("ab", members: "ab").With('a', worker => worker with { Leaving = true });
        var decision = GenerationRule.Decide(view.With('b', worker => worker with { Leaving = true }), Views.Options);
        Assert.Equal((true, false, "all workers leave"), (decision.Halt, decision.Form, decision.Reason));
    }

    [Fact]
    public void When_all_leave_a_worker_that_still_prepares_is_waited_for()
    {
        var view = Views.View("ab", members: "a").With('a', worker => worker with { Leaving = true }).With('b', worker => worker with { Prepared = false });
        ExpectKeep(view, "those who leave wait for a successor that is preparing");
    }

    [Fact]
    public void Who_leaves_goes_on_alone_when_the_last_other_one_is_lost() =>
        Expect(Views.View("a", members: "ab").With('a', worker => worker with { Leaving = true }), "a", false, "lost b");

    [Fact]
    public void A_member_that_has_stalled_is_left_out_at_once() =>
        Expect(Views.View("abc", members: "abc", troubled: true).With('a', worker => worker with { Stalled = true }), "bc", false, "lost a");

    [Fact]
    public void Who_cannot_write_checkpoints_becomes_the_last_rank_at_a_boundary()
    {
        var view = Views.View("abc", members: "abc").With('a', worker => worker with { FailedCheckpoint = 5 });
        Expect(view, "bca", true, "b writes checkpoints");
        ExpectKeep(Views.View("abc", members: "bca").With('a', worker => worker with { FailedCheckpoint = 5 }), "nothing changed");
    }

    [Fact]
    public void Who_failed_to_write_a_checkpoint_long_ago_is_tried_again_before_who_failed_later()
    {
        var view = Views.View("ab", members: "ba").With('a', worker => worker with { FailedCheckpoint = 5 });
        Expect(view.With('b', worker => worker with { FailedCheckpoint = 9 }), "ab", true, "a writes checkpoints");
    }

    /// <summary>The files to start from may be deleted as soon as a newer checkpoint is complete.</summary>
    [Fact]
    public void Nobody_starts_from_a_checkpoint_that_a_newer_one_is_about_to_replace()
    {
        var view = Views.View("ab", members: "abc") with { RestoreStep = 4, NewerRestore = true };
        ExpectKeep(view, "a newer checkpoint to start from is being completed");
        Expect(view with { NewerRestore = false }, "ab", false, "lost c");
        Expect(view.With('b', worker => worker with { Step = 5 }), "ab", false, "lost c");
    }

    [Fact]
    public void A_member_is_not_thrown_out_for_a_newcomer_that_it_cannot_reach()
    {
        ExpectKeep(Views.View("abcd", members: "bcd", apart: "ab"), "b and a newcomer cannot reach each other");
        ExpectKeep(Views.View("abc", members: "ab", apart: "bc"), "nothing changed");
    }

    [Fact]
    public void Who_leaves_stays_until_a_successor_has_the_state()
    {
        var view = Views.View("ab", members: "a").With('a', worker => worker with { Leaving = true, Step = 9 });
        Expect(view, "ab", true, "b joins");
        var joined = view with { Members = [("a", "a#1"), ("b", "b#1")] };
        ExpectKeep(joined, "nothing changed");
        Expect(joined.With('b', worker => worker with { Step = 8 }), "b", true, "a leaves");
    }

    [Fact]
    public void Newcomers_without_state_do_not_outvote_the_only_one_that_has_it()
    {
        var view = Views.View("abc", members: "abc", apart: "ba ca", troubled: true).With('a', worker => worker with { Step = 9 });
        Expect(view, "a", false, "a member cannot go on");
        Expect(view with { RestoreStep = 9 }, "bc", false, "a member cannot go on");
    }

    [Fact]
    public void The_state_goes_on_with_one_that_leaves_when_the_others_are_lost() => Expect(
        Views.View("ac", members: "ab").With('a', worker => worker with { Leaving = true, Step = 5 }), "ac", false, "lost b");
}
