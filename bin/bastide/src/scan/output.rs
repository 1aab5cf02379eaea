//! Reports for people and for programs.

use std::fmt::Write as _;

use discover::classification::Occurrence;
use discover::{Engine, Location};
use serde_json::{Value, json};

use super::object::ObjectReport;

/// A table: file, identifier, how often, how sure, where first.
pub(super) fn table(engine: &Engine, reports: &[ObjectReport]) -> String {
    let mut out = String::new();
    let mut counts = [0_u64; 3];
    for report in reports {
        let severities = report.classification.detections.keys();
        let rows: Vec<_> = severities
            .filter_map(|id| {
                report.classification.severity(engine, id).map(|severity| (severity, id))
            })
            .collect();
        let unread = &report.classification.unread;
        if rows.is_empty() && unread.is_empty() {
            continue;
        }
        let format = report.format.as_deref().unwrap_or("not read");
        let _ = writeln!(out, "{} ({format})", report.path);
        let mut rows = rows;
        rows.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        for (severity, id) in rows {
            counts[severity as usize] += 1;
            let detection = &report.classification.detections[id];
            let first = detection.occurrences.first();
            let place = first.map(place).unwrap_or_default();
            let sample = first.map(|first| first.sample.as_str()).unwrap_or_default();
            let _ = writeln!(
                out,
                "  {:<6} {id:<48} {:>7} {:>3}%  {place}  {sample}",
                severity.name(),
                detection.count,
                detection.confidence
            );
        }
        for part in unread {
            let inside =
                if part.inside.is_empty() { String::new() } else { format!("{}: ", part.inside) };
            let _ = writeln!(out, "  UNREAD {inside}{}", part.reason);
        }
    }
    let bytes: u64 = reports.iter().map(|report| report.size).sum();
    let unread: u64 = reports.iter().map(|report| report.classification.unread_count).sum();
    let _ = writeln!(
        out,
        "{} files, {}: {} high, {} medium, {} low, {unread} parts not read",
        reports.len(),
        indicatif::HumanBytes(bytes),
        counts[2],
        counts[1],
        counts[0]
    );
    out
}

/// Where, in words.
pub(super) fn place(occurrence: &Occurrence) -> String {
    let place = match &occurrence.location {
        Location::LineRange { start, start_column, .. } => {
            format!("line {start}, column {start_column}")
        }
        Location::Cell { cell_reference: Some(reference), .. } => reference.clone(),
        Location::Cell { column_name: Some(name), row, .. } => format!("row {row}, column {name}"),
        Location::Cell { column, row, .. } => format!("row {row}, column {column}"),
        Location::Record { json_path, record_index } => {
            format!("record {record_index}, {json_path}")
        }
        Location::Page { page_number, start, .. } => {
            format!("page {page_number}, character {start}")
        }
    };
    if occurrence.inside.is_empty() { place } else { format!("{}: {place}", occurrence.inside) }
}

/// One document with every file that holds something or could not be read, and the sums.
pub(super) fn json(engine: &Engine, reports: &[ObjectReport]) -> String {
    let objects: Vec<Value> = reports.iter().map(|report| object(engine, report)).collect();
    let bytes: u64 = reports.iter().map(|report| report.size).sum();
    let unread: u64 = reports.iter().map(|report| report.classification.unread_count).sum();
    let worst = reports.iter().filter_map(|report| report.classification.worst(engine)).max();
    let document = json!({
        "objects": objects,
        "summary": {
            "files": reports.len(),
            "bytes": bytes,
            "partsNotRead": unread,
            "severity": worst.map(discover::Severity::name),
        },
    });
    format!("{document:#}\n")
}

fn object(engine: &Engine, report: &ObjectReport) -> Value {
    let detections: Vec<Value> = report
        .classification
        .detections
        .iter()
        .map(|(identifier, detection)| {
            json!({
                "identifier": identifier,
                "category": detection.category,
                "severity": report.classification.severity(engine, identifier),
                "count": detection.count,
                "confidence": detection.confidence,
                "occurrences": detection.occurrences,
            })
        })
        .collect();
    json!({
        "path": report.path,
        "size": report.size,
        "format": report.format,
        "severity": report.classification.worst(engine),
        "detections": detections,
        "unread": report.classification.unread,
    })
}
