//! Verdicts for people: one line a request, and the reasons below it.

use waf::Verdict;
use waf::verdict::{DEFAULT_ACTION, Finding, RuleMatch};

use super::requests::Recorded;

/// What is shown of a request: its cells, and a line for each reason.
pub(super) struct Row {
    cells: [String; 3],
    reasons: Vec<String>,
}

/// Characters of a target that are shown.
const TARGET_CHARS_MAX: usize = 80;

pub(super) fn row(one: &Recorded, verdict: &Verdict) -> Row {
    let rule = verdict.terminating.as_ref().map_or(DEFAULT_ACTION, |rule| &rule.rule);
    let target: String =
        format!("{} {}", one.method, one.target).chars().take(TARGET_CHARS_MAX).collect();
    let reasons =
        reasons(verdict).into_iter().map(|(rule, action, why)| format!("{rule} {action}: {why}"));
    Row {
        cells: [verdict.action.as_str().to_owned(), rule.to_owned(), target],
        reasons: reasons.collect(),
    }
}

pub(super) fn print(rows: &[Row]) -> String {
    let width = |cell: usize| rows.iter().map(|row| row.cells[cell].len()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut out = String::new();
    for row in rows {
        let [action, rule, target] = &row.cells;
        out.push_str(&format!("{action:<first$}  {rule:<second$}  {target}\n"));
        for reason in &row.reasons {
            out.push_str(&format!("{:<first$}    {reason}\n", ""));
        }
    }
    out
}

/// Every rule that matched, what it does, and why.
pub(super) fn reasons(verdict: &Verdict) -> Vec<(String, &'static str, String)> {
    let mut out = Vec::new();
    let mut add = |group: Option<&str>, rule: &RuleMatch| {
        let name = match group {
            Some(group) => format!("{group}/{}", rule.rule),
            None => rule.rule.to_string(),
        };
        let why: Vec<String> = rule.findings.iter().map(finding).collect();
        let why = if why.is_empty() { "matches".to_owned() } else { why.join("; ") };
        out.push((name, rule.action.as_str(), why));
    };
    for group in &verdict.groups {
        for rule in group.non_terminating.iter().chain(&group.terminating) {
            add(Some(&group.id), rule);
        }
    }
    let is_group = |rule: &RuleMatch| rule.overridden.is_some();
    for rule in verdict.non_terminating.iter().filter(|rule| !is_group(rule)) {
        add(None, rule);
    }
    let kind = verdict.terminating_kind;
    let regular =
        matches!(kind, waf::verdict::RuleKind::Regular | waf::verdict::RuleKind::RateBased);
    if let Some(rule) = verdict.terminating.as_ref().filter(|_| regular) {
        add(None, rule);
    }
    out
}

fn finding(finding: &Finding) -> String {
    let name = if finding.name.is_empty() { String::new() } else { format!(" {}", finding.name) };
    format!("{} in {}{name}: {:?}", finding.condition, finding.location, finding.matched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |action: &str, rule: &str| Row {
            cells: [action.into(), rule.into(), "GET /".into()],
            reasons: vec!["why".into()],
        };
        let text = print(&[row("ALLOW", "r"), row("CHALLENGE", "long")]);
        let expected =
            "ALLOW      r     GET /\n             why\nCHALLENGE  long  GET /\n             why\n";
        assert_eq!(text, expected);
    }
}
