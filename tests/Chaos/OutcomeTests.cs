namespace MiniMind.Chaos;

public class OutcomeTests
{
    [Fact]
    public void A_table_has_a_row_for_each_run_and_shows_what_did_not_hold()
    {
        using var log = new StringWriter();

        Outcome.Write(
            [
                new Outcome(7) { Faults = 12, Generations = 20, SlowestRecovery = TimeSpan.FromSeconds(3.456), BytesEqual = true, AuditSound = true },
                new Outcome(8) { Faults = 3, Trouble = "a worker hangs" },
                new Outcome(9) { BytesEqual = false, AuditSound = false },
            ],
            log);

        var rows = log.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Select(row => string.Join(' ', row.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Equal(["seed faults generations slowest recovery bytes equal audit", "7 12 20 3.46 s yes sound", "8 3 0 – – –", "9 0 0 – NO UNSOUND"], rows);
    }
}
