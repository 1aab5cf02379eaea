//! SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines.

use std::collections::BTreeSet;

use discover::{Engine, Location, Severity};
use serde_json::{Value, json};

use super::object::ObjectReport;
use super::output::place;

/// A log with one run.
pub(super) fn log(engine: &Engine, reports: &[ObjectReport]) -> String {
    let mut rules = BTreeSet::new();
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    for report in reports {
        let uri = uri(&report.path);
        for (identifier, detection) in &report.classification.detections {
            let Some(severity) = report.classification.severity(engine, identifier) else {
                continue;
            };
            rules.insert(identifier.clone());
            let level = match severity {
                Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low => "note",
            };
            results.extend(detection.occurrences.iter().map(|occurrence| {
                let mut physical = json!({ "artifactLocation": { "uri": uri } });
                if let (Location::LineRange { start, end, start_column }, true) =
                    (&occurrence.location, occurrence.inside.is_empty())
                {
                    physical["region"] = json!({ "startLine": start, "endLine": end, "startColumn": start_column });
                }
                json!({
                    "ruleId": identifier,
                    "level": level,
                    "rank": occurrence.confidence,
                    "message": { "text": format!("{}: {} ({})", place(occurrence), occurrence.sample, occurrence.reason) },
                    "locations": [{ "physicalLocation": physical }],
                })
            }));
        }
        notifications.extend(report.classification.unread.iter().map(|part| {
            json!({
                "level": "warning",
                "message": { "text": format!("{} {}: {}", report.path, part.inside, part.reason) },
            })
        }));
    }
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id })).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "bastide", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
        }],
    });
    format!("{log:#}\n")
}

/// A path as a URI reference: what is no unreserved character or slash is escaped.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
