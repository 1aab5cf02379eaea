//! Conditions, compiled: the operator's values are parsed once, and a request's values are compared with them. A value
//! that is not of the operator's type equals nothing.
//!
//! Where a policy variable has no value, a value of the policy cannot be told. It then matches nothing; and an Allow
//! never rests on that: a negated operator of an Allow fails, while that of a Deny holds (docs/decisions/0031).

pub(crate) mod date;
mod network;

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::context::{Context, Value, parse_bool, parse_number};
use crate::document::{self, Effect};
use crate::operator::{Comparison, Quantifier, Test};
use crate::pattern::TooComplex;
use crate::template::{Match, Reading, Template, fold};
use network::Network;

/// One key of a condition block.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// In lower case.
    key: Box<str>,
    comparison: Comparison,
    values: Values,
}

#[derive(Clone, Debug)]
enum Values {
    Strings(Box<[Template]>),
    Folded(Box<[Template]>),
    Arns(Box<[[Template; 6]]>),
    Numbers(Box<[f64]>),
    Times(Box<[Timestamp]>),
    Bools(Box<[bool]>),
    Bytes(Box<[Vec<u8>]>),
    Networks(Box<[Network]>),
}

impl Condition {
    pub fn new(written: &document::Condition, variables: bool) -> Result<Self, TooComplex> {
        let values = &written.values;
        let test = written.comparison.operator.test;
        let reading = Reading {
            wildcards: matches!(test, Test::StringLike | Test::Arn),
            variables: variables && test.takes_variables(),
            fold: test == Test::StringEqualsIgnoreCase,
        };
        let templates =
            || values.iter().map(|v| Template::new(v, reading)).collect::<Result<Box<[_]>, _>>();
        let values = match test {
            Test::StringEquals | Test::StringLike => Values::Strings(templates()?),
            Test::StringEqualsIgnoreCase => Values::Folded(templates()?),
            Test::Arn => {
                let arns = values.iter().filter_map(|v| Template::arn(v, reading).transpose());
                Values::Arns(arns.collect::<Result<_, _>>()?)
            }
            Test::Bool | Test::Null => {
                Values::Bools(values.iter().filter_map(|v| parse_bool(v)).collect())
            }
            Test::BinaryEquals => {
                Values::Bytes(values.iter().filter_map(|v| STANDARD.decode(v).ok()).collect())
            }
            Test::IpAddress => {
                Values::Networks(values.iter().filter_map(|v| Network::parse(v)).collect())
            }
            _ if test.is_date() => {
                Values::Times(values.iter().filter_map(|v| date::parse(v)).collect())
            }
            _ => Values::Numbers(values.iter().filter_map(|v| parse_number(v)).collect()),
        };
        Ok(Self { key: fold(&written.key).into(), comparison: written.comparison, values })
    }

    /// Whether the condition holds in a statement of this effect.
    pub fn holds(&self, context: &Context, effect: Effect) -> bool {
        let found = context.get(&self.key);
        let Comparison { operator, quantifier, if_exists } = self.comparison;
        if operator.test == Test::Null {
            let Values::Bools(wanted) = &self.values else { return false };
            return wanted.contains(&found.is_empty());
        }
        if found.is_empty() {
            return if_exists
                || match quantifier {
                    Quantifier::Single => operator.negated,
                    Quantifier::ForAllValues => true,
                    Quantifier::ForAnyValue => false,
                };
        }
        let holds = |value: &Value| match self.matches(value, context) {
            Match::Yes => !operator.negated,
            Match::No => operator.negated,
            Match::Unresolved => operator.negated && effect == Effect::Deny,
        };
        match quantifier {
            Quantifier::ForAllValues => found.iter().all(holds),
            Quantifier::ForAnyValue => found.iter().any(holds),
            // Several values without a prefix: one match is a match, and a negation is its opposite.
            Quantifier::Single if operator.negated => found.iter().all(holds),
            Quantifier::Single => found.iter().any(holds),
        }
    }

    /// Whether one value of the request matches one value of the policy.
    fn matches(&self, value: &Value, context: &Context) -> Match {
        match &self.values {
            Values::Strings(templates) => {
                let text = value.text();
                Match::any(templates.iter().map(|t| t.matches(&text, context)))
            }
            Values::Folded(templates) => {
                let text = value.text();
                let text = fold(&text);
                Match::any(templates.iter().map(|t| t.matches(&text, context)))
            }
            Values::Arns(arns) => {
                let text = value.text();
                let Some(parts) = arn_parts(&text) else { return Match::No };
                Match::any(arns.iter().map(|arn| {
                    Match::all(arn.iter().zip(parts).map(|(t, part)| t.matches(part, context)))
                }))
            }
            Values::Numbers(numbers) => {
                let Some(value) = value.number() else { return Match::No };
                Match::of(numbers.iter().any(|n| compare(self.comparison.operator.test, value, *n)))
            }
            Values::Times(times) => {
                let Some(value) = value.time() else { return Match::No };
                Match::of(times.iter().any(|t| compare(self.comparison.operator.test, value, *t)))
            }
            Values::Bools(bools) => Match::of(value.boolean().is_some_and(|v| bools.contains(&v))),
            Values::Bytes(all) => {
                Match::of(value.bytes().is_some_and(|v| all.iter().any(|bytes| *bytes == *v)))
            }
            Values::Networks(networks) => {
                let within = |address| networks.iter().any(|network| network.contains(address));
                Match::of(value.address().is_some_and(within))
            }
        }
    }
}

/// `arn:partition:service:region:account:resource`; the resource may hold colons.
fn arn_parts(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

fn compare<T: PartialOrd>(test: Test, value: T, with: T) -> bool {
    match test {
        Test::NumericLessThan | Test::DateLessThan => value < with,
        Test::NumericLessThanEquals | Test::DateLessThanEquals => value <= with,
        Test::NumericGreaterThan | Test::DateGreaterThan => value > with,
        Test::NumericGreaterThanEquals | Test::DateGreaterThanEquals => value >= with,
        _ => value == with,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Position;

    fn holds_as(effect: Effect, operator: &str, values: &[&str], context: &Context) -> bool {
        let written = document::Condition {
            at: Position::default(),
            comparison: Comparison::named(operator).expect("known"),
            key: "aws:K".into(),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
        };
        Condition::new(&written, true).expect("simple enough").holds(context, effect)
    }

    fn holds(operator: &str, values: &[&str], found: &[&'static str]) -> bool {
        let mut context = Context::default();
        context.set_all("aws:k", found.iter().copied());
        holds_as(Effect::Allow, operator, values, &context)
    }

    #[test]
    fn the_documentations_table_of_absent_keys() {
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringNotEquals", true),
            ("StringEqualsIfExists", true),
            ("ForAllValues:StringEquals", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
            ("NotIpAddress", true),
            ("ArnNotLike", true),
            ("BinaryEquals", false),
        ] {
            assert_eq!(holds(operator, &["x"], &[]), expected, "{operator}");
        }
        assert!(holds("Null", &["true"], &[]));
        assert!(holds("Null", &["false"], &["x"]));
        assert!(!holds("Null", &["true"], &["x"]));
    }

    #[test]
    fn values_are_alternatives() {
        assert!(holds("StringEquals", &["a", "b"], &["b"]));
        assert!(!holds("StringNotEquals", &["a", "b"], &["b"]), "neither, nor");
        assert!(holds("ForAllValues:StringLike", &["a*", "b"], &["ax", "b"]));
        assert!(!holds("ForAllValues:StringLike", &["a*"], &["ax", "b"]));
        assert!(holds("ForAnyValue:StringNotLike", &["a*"], &["ax", "b"]));
    }

    #[test]
    fn types() {
        assert!(!holds("StringEquals", &["a*"], &["ab"]), "no wildcards in equality");
        assert!(holds("StringEqualsIgnoreCase", &["ÄB"], &["äb"]));
        assert!(holds("NumericLessThanEquals", &["10"], &["9.5"]));
        assert!(!holds("NumericEquals", &["x"], &["x"]));
        assert!(holds("DateGreaterThan", &["2020-01-01T00:00:00Z"], &["1600000000"]));
        assert!(holds("Bool", &["TRUE"], &["true"]));
        assert!(holds("BinaryEquals", &["QUI="], &["QUI="]));
        assert!(holds("IpAddress", &["10.0.0.0/8", "2001:db8::/32"], &["2001:db8::1"]));
        assert!(!holds("IpAddress", &["10.0.0.0/8"], &["11.0.0.1"]));
        assert!(holds("ArnLike", &["arn:aws:s3:::b*"], &["arn:aws:s3:::bucket:x"]));
        assert!(!holds("ArnLike", &["arn:*:b"], &["arn:aws:s3:::b"]), "part by part");
        assert!(!holds("ArnLike", &["arn:aws:s3:::*"], &["arn:aws:s3::"]));
        assert!(holds("ArnNotEquals", &["arn:aws:s3:::b"], &["x"]));
    }

    #[test]
    fn nothing_rests_on_a_variable_without_value() {
        let mut context = Context::default();
        context.set("aws:k", "v");
        let unresolved = &["${aws:absent}"];
        assert!(!holds_as(Effect::Allow, "StringEquals", unresolved, &context));
        assert!(!holds_as(Effect::Allow, "StringNotEquals", unresolved, &context));
        assert!(holds_as(Effect::Deny, "StringNotEquals", unresolved, &context));
        assert!(!holds_as(Effect::Deny, "StringEquals", unresolved, &context));
        assert!(holds_as(Effect::Allow, "StringEquals", &["${aws:absent}", "v"], &context));
        assert!(!holds_as(Effect::Deny, "StringNotEquals", &["${aws:absent}", "v"], &context));
    }
}
