//! A refusal as a person reads it: who, what, on what, which layer said no and where that is written.

use std::fmt::Write as _;

use authz::{Layer, Reason, Verdict};
use serde_json::{Value, json};

/// Columns of the names of layers and verdicts.
const NAME_WIDTH: usize = 26;
const VERDICT_WIDTH: usize = 12;

/// A refusal with its reasons.
pub(super) struct Report {
    event: Value,
    decoded: Value,
    reasons: Vec<Reason>,
}

/// Escape sequences, where there is a terminal to read them.
#[derive(Clone, Copy)]
enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Bold = 1,
}

impl Report {
    /// Of the audit record and the decoded authorization message.
    pub fn new(event: &Value, decoded: Value) -> Self {
        let reasons = serde_json::from_value(decoded["reasons"].clone()).unwrap_or_default();
        Self { event: event.clone(), decoded, reasons }
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let context = &self.decoded["context"];
        let conditions: serde_json::Map<String, Value> =
            self.conditions().map(|(key, values)| (key.to_owned(), json!(values))).collect();
        json!({
            "requestId": self.decoded["requestId"],
            "eventTime": self.event["eventTime"],
            "eventSource": self.event["eventSource"],
            "eventName": self.event["eventName"],
            "awsRegion": self.event["awsRegion"],
            "errorMessage": self.event["errorMessage"],
            "principal": context["principal"],
            "action": context["action"],
            "resource": context["resource"],
            "allowed": self.decoded["allowed"],
            "explicitDeny": self.decoded["explicitDeny"],
            "reasons": self.reasons,
            "conditions": conditions,
        })
    }

    /// For people.
    pub fn to_text(&self, colour: bool) -> String {
        let context = &self.decoded["context"];
        let of = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let verdict = if self.decoded["explicitDeny"] == true { "DENIED" } else { "NOT ALLOWED" };
        let mut out = format!("{}\n\n", paint(verdict, Colour::Red, colour));
        for (name, value) in [
            ("who", of(&context["principal"]["arn"])),
            ("what", of(&context["action"])),
            ("on", of(&context["resource"])),
            ("when", of(&self.event["eventTime"])),
            ("where", of(&self.event["awsRegion"])),
            ("from", of(&self.event["sourceIPAddress"])),
            ("request", of(&self.decoded["requestId"])),
        ] {
            let _ = writeln!(out, "  {name:<8} {value}");
        }
        let _ = writeln!(out, "\n{}", paint("Layers", Colour::Bold, colour));
        for reason in &self.reasons {
            let _ = writeln!(out, "  {}", line(reason, colour));
        }
        let _ = writeln!(out, "\n{}", paint("Condition keys", Colour::Bold, colour));
        for (key, values) in self.conditions() {
            let _ = writeln!(out, "  {key} = {}", values.join(", "));
        }
        out
    }

    fn conditions(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let items = self.decoded["context"]["conditions"]["items"].as_array();
        items.into_iter().flatten().filter_map(|item| {
            let values = item["values"]["items"].as_array()?;
            let values = values.iter().filter_map(|value| value["value"].as_str()).collect();
            Some((item["key"].as_str()?, values))
        })
    }
}

/// What one layer said, in a line.
pub(crate) fn line(reason: &Reason, colour: bool) -> String {
    let (says, with) = match reason.verdict {
        Verdict::Denies => ("denies", Colour::Red),
        Verdict::LacksAllow => ("lacks allow", Colour::Yellow),
        Verdict::Allows => ("allows", Colour::Green),
    };
    let says = paint(&format!("{says:<VERDICT_WIDTH$}"), with, colour);
    let mut line = format!("{:<NAME_WIDTH$} {says}", name(reason.layer));
    if let Some(policy) = &reason.policy {
        let _ = write!(line, " {policy}");
    }
    if let Some(statement) = &reason.statement {
        let _ = write!(line, ", statement {}", statement.index + 1);
        if let Some(sid) = &statement.sid {
            let _ = write!(line, " \"{sid}\"");
        }
        let _ = write!(line, ", {}", statement.at);
    }
    line.trim_end().to_owned()
}

fn paint(text: &str, with: Colour, colour: bool) -> String {
    match colour {
        true => format!("\x1b[{}m{text}\x1b[0m", with as u8),
        false => text.to_owned(),
    }
}

/// A layer, as people call it.
fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::ResourceControl => "resource control policies",
        Layer::ServiceControl => "service control policies",
        Layer::Endpoint => "VPC endpoint policy",
        Layer::Resource => "resource's policy",
        Layer::Trust => "role's trust policy",
        Layer::Grant => "grants",
        Layer::RootUser => "root user",
        Layer::Identity => "identity policies",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policies",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let event = json!({ "eventTime": "2026-01-01T00:00:00Z", "awsRegion": "eu-west-1" });
        let decoded = json!({
            "allowed": false, "explicitDeny": true, "requestId": "id-7",
            "context": {
                "principal": { "arn": "arn:aws:iam::123456789012:user/alice" },
                "action": "kms:CreateKey", "resource": "*",
                "conditions": { "items": [
                    { "key": "aws:tagkeys", "values": { "items": [{ "value": "a" }, { "value": "b" }] } },
                ] },
            },
            "reasons": [
                { "layer": "identity", "verdict": "denies", "policy": "Careful",
                  "statement": { "index": 1, "sid": "NoKeys", "at": { "line": 3, "column": 9 } } },
                { "layer": "session", "verdict": "lacksAllow" },
            ],
        });
        Report::new(&event, decoded)
    }

    #[test]
    fn a_person_finds_the_statement() {
        let text = report().to_text(false);
        for line in [
            "DENIED",
            "  who      arn:aws:iam::123456789012:user/alice",
            "  identity policies          denies       Careful, statement 2 \"NoKeys\", line 3, column 9",
            "  session policies           lacks allow",
            "  aws:tagkeys = a, b",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
        }
        assert!(!text.contains('\x1b'));
        assert!(report().to_text(true).contains("\x1b[31mDENIED\x1b[0m"));
    }

    #[test]
    fn a_program_finds_the_same() {
        let json = report().to_json();
        assert_eq!(json["reasons"][0]["statement"]["sid"], "NoKeys");
        assert_eq!(json["conditions"]["aws:tagkeys"], json!(["a", "b"]));
    }
}
