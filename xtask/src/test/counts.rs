//! Reads how many tests ran from what the test runners print for people.
//!
//! Each reader is shown every line. A runner that ended badly without a count (it did not compile, it crashed)
//! counts as one failure, so that nothing fails silently.

use crate::report::Counts;

/// The reader for cargo-nextest: `Summary [ 0.1s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped`.
/// What it calls skipped was left out by a filter.
pub(super) fn nextest(line: &str, sum: &mut Counts) {
    let Some((_, counts)) =
        line.trim_start().strip_prefix("Summary [").and_then(|l| l.split_once(" run: "))
    else {
        return;
    };
    for (count, what) in counts.split(", ").filter_map(number_first) {
        if what.starts_with("passed") {
            sum.passed += count;
        } else if !what.starts_with("skipped") {
            sum.failed += count;
        }
    }
}

/// The reader for libtest: `test result: ok. 5 passed; 0 failed; 1 ignored; …`, one line a test binary.
pub(super) fn libtest(line: &str, sum: &mut Counts) {
    let Some((_, counts)) =
        line.strip_prefix("test result: ").and_then(|verdict| verdict.split_once(". "))
    else {
        return;
    };
    for (count, what) in counts.split("; ").filter_map(number_first) {
        match what {
            "passed" => sum.passed += count,
            "failed" => sum.failed += count,
            _ => {}
        }
    }
}

/// The reader for pytest: `== 1 failed, 3 passed, 2 skipped, 1 error in 0.12s ==`.
pub(super) fn pytest(line: &str, sum: &mut Counts) {
    let line = line.trim_matches(['=', ' ']);
    let Some((counts, time)) = line.rsplit_once(" in ") else { return };
    if !time.starts_with(|c: char| c.is_ascii_digit()) {
        return;
    }
    let Some(counts) = counts.split(", ").map(number_first).collect::<Option<Vec<_>>>() else {
        return;
    };
    for (count, what) in counts {
        match what {
            "passed" | "xfailed" => sum.passed += count,
            "skipped" => sum.skipped += count,
            "failed" | "error" | "errors" | "xpassed" => sum.failed += count,
            _ => {}
        }
    }
}

/// The reader for `node --test` with its `spec` reporter: `ℹ pass 3`, `ℹ fail 0`, and so on.
pub(super) fn node(line: &str, sum: &mut Counts) {
    let Some((what, count)) = line.strip_prefix("ℹ ").and_then(|l| l.split_once(' ')) else {
        return;
    };
    let Ok(count) = count.parse::<u32>() else { return };
    match what {
        "pass" => sum.passed += count,
        "fail" | "cancelled" => sum.failed += count,
        "skipped" | "todo" => sum.skipped += count,
        _ => {}
    }
}

/// The counts of a runner that ended `well` or not.
pub(super) fn settle(mut counts: Counts, well: bool) -> Counts {
    if !well && counts.failed == 0 {
        counts.failed = 1;
    }
    counts
}

fn number_first(text: &str) -> Option<(u32, &str)> {
    let (number, what) = text.trim().split_once(' ')?;
    Some((number.parse().ok()?, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reader: fn(&str, &mut Counts), lines: &[&str]) -> (u32, u32, u32) {
        let mut sum = Counts::default();
        for line in lines {
            reader(line, &mut sum);
        }
        (sum.passed, sum.failed, sum.skipped)
    }

    #[test]
    fn reads_what_each_runner_says() {
        let lines = [
            "     Summary [   0.010s] 7 tests run: 3 passed (1 slow), 2 failed, 2 timed out, 9 skipped",
        ];
        assert_eq!(read(nextest, &lines), (3, 4, 0));
        let lines = [
            "running 2 tests",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out",
        ];
        assert_eq!(read(libtest, &lines), (6, 2, 0));
        let lines = [
            "test_a.py::test_in_order PASSED  [ 50%]",
            "5 keys in 3 Regions",
            "=== 1 failed, 3 passed, 2 skipped, 1 error in 61.12s (0:01:01) ===",
        ];
        assert_eq!(read(pytest, &lines), (3, 2, 2));
        let lines = ["ℹ tests 6", "ℹ pass 3", "ℹ fail 1", "ℹ skipped 2", "ℹ duration_ms 4"];
        assert_eq!(read(node, &lines), (3, 1, 2));
    }

    #[test]
    fn a_bad_end_without_a_count_is_a_failure() {
        assert_eq!(settle(Counts::default(), false).failed, 1);
        assert_eq!(settle(Counts { failed: 2, ..Counts::default() }, false).failed, 2);
        assert_eq!(settle(Counts::PASS, true), Counts::PASS);
    }
}
