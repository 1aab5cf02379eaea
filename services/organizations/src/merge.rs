//! Merging policies that are inherited into one that is in force: pure, documents in, document out.
//!
//! Levels come from the root down. Operators that a level forbids to those below it are passed over there, and cannot be allowed
//! again. Within a level policies count in the order of their attachment: the first that assigns a setting keeps it, and what
//! is allowed below is what all of them allow.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/inheritance-examples.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::content::{ALL, ALLOWED, APPEND, ASSIGN, REMOVE};

/// A document that is being merged.
#[derive(Debug, Default)]
pub(crate) struct Merged(Setting);

/// A setting, or an object of settings.
#[derive(Debug, Default)]
struct Setting {
    members: BTreeMap<String, Setting>,
    value: Option<Value>,
    /// Whether the present level has assigned the value.
    assigned: bool,
    /// Operators that levels above forbid here and further down.
    forbidden: Operators,
    /// Those that the present level forbids to the levels below it.
    forbidden_below: Operators,
}

/// A set of operators.
#[derive(Clone, Copy, Debug, Default)]
struct Operators {
    assign: bool,
    append: bool,
    remove: bool,
}

impl Merged {
    /// Merges a level: its policies in the order of their attachment. What does not read as a document says nothing; documents
    /// are checked before they are kept.
    pub fn level<'a>(&mut self, policies: impl IntoIterator<Item = &'a str>) {
        for policy in policies {
            if let Ok(Value::Object(members)) = serde_json::from_str(policy) {
                self.0.merge(&members, Operators::default());
            }
        }
        self.0.end_level();
    }

    /// The document in force; `None` if nothing is set.
    pub fn document(self) -> Option<Value> {
        self.0.show()
    }
}

impl Setting {
    fn merge(&mut self, written: &Map<String, Value>, above: Operators) {
        let forbidden = above.or(self.forbidden);
        for (key, value) in written {
            match (key.as_str(), value) {
                (ALLOWED, value) => {
                    self.forbidden_below = self.forbidden_below.or(Operators::but(value));
                }
                (ASSIGN, value) if !forbidden.assign && !self.assigned => {
                    self.value = Some(value.clone());
                    self.assigned = true;
                }
                (APPEND, Value::Array(more)) if !forbidden.append => {
                    let mut values = self.values();
                    for value in more {
                        if !values.contains(value) {
                            values.push(value.clone());
                        }
                    }
                    self.value = Some(Value::Array(values));
                }
                (REMOVE, Value::Array(less)) if !forbidden.remove && self.value.is_some() => {
                    let mut values = self.values();
                    values.retain(|value| !less.contains(value));
                    self.value = Some(Value::Array(values));
                }
                (ASSIGN | APPEND | REMOVE, _) => {}
                (_, Value::Object(members)) => {
                    self.members.entry(key.clone()).or_default().merge(members, forbidden);
                }
                _ => {}
            }
        }
    }

    /// The values so far; one that stands alone is a list of one.
    fn values(&mut self) -> Vec<Value> {
        match self.value.take() {
            Some(Value::Array(values)) => values,
            Some(value) => vec![value],
            None => Vec::new(),
        }
    }

    fn end_level(&mut self) {
        self.assigned = false;
        self.forbidden = self.forbidden.or(self.forbidden_below);
        self.members.values_mut().for_each(Self::end_level);
    }

    fn show(self) -> Option<Value> {
        if self.value.is_some() {
            return self.value;
        }
        let members = self.members.into_iter();
        let shown = members.filter_map(|(key, member)| Some((key, member.show()?)));
        let shown: Map<String, Value> = shown.collect();
        (!shown.is_empty()).then_some(Value::Object(shown))
    }
}

impl Operators {
    /// All but those that are listed as allowed.
    fn but(allowed: &Value) -> Self {
        let listed = |operator: &str| {
            let values = allowed.as_array().map_or(&[][..], Vec::as_slice);
            values.iter().any(|value| value == ALL || value == operator)
        };
        Self { assign: !listed(ASSIGN), append: !listed(APPEND), remove: !listed(REMOVE) }
    }

    fn or(self, other: Self) -> Self {
        Self {
            assign: self.assign || other.assign,
            append: self.append || other.append,
            remove: self.remove || other.remove,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::content::NONE;

    /// Merges levels of policies, each about the values of one tag.
    fn merge(levels: &[&[&str]]) -> String {
        let mut merged = Merged::default();
        for level in levels {
            let wrap = |values: &&str| format!(r#"{{"tags":{{"team":{{"tag_value":{values}}}}}}}"#);
            let documents: Vec<String> = level.iter().map(wrap).collect();
            merged.level(documents.iter().map(String::as_str));
        }
        let found = merged.document().map(|document| document["tags"]["team"]["tag_value"].clone());
        found.map_or_else(|| "none".to_owned(), |values| values.to_string())
    }

    #[test]
    fn operators_merge_as_documented() {
        let a = r#"{"@@assign":["a","b"]}"#;
        let c = r#"{"@@append":["c","a"]}"#;
        let no_b = r#"{"@@remove":["b","z"]}"#;
        let d = r#"{"@@assign":["d"]}"#;
        let cases: [(&[&[&str]], &str); 7] = [
            (&[], "none"),
            (&[&[a]], r#"["a","b"]"#),
            (&[&[a], &[d]], r#"["d"]"#),
            (&[&[a], &[c]], r#"["a","b","c"]"#),
            (&[&[a], &[], &[no_b]], r#"["a"]"#),
            (&[&[c]], r#"["c","a"]"#),
            // At one level the first that assigns keeps the setting.
            (&[&[a, d]], r#"["a","b"]"#),
        ];
        for (levels, expected) in cases {
            assert_eq!(merge(levels), expected, "{levels:?}");
        }
    }

    #[test]
    fn what_is_forbidden_stays_forbidden() {
        let locked = r#"{"@@assign":["a"],"@@operators_allowed_for_child_policies":["@@none"]}"#;
        let append = r#"{"@@assign":["a"],"@@operators_allowed_for_child_policies":["@@append","@@remove"]}"#;
        let remove = r#"{"@@operators_allowed_for_child_policies":["@@remove","@@assign"]}"#;
        let reopen = r#"{"@@assign":["x"],"@@operators_allowed_for_child_policies":["@@all"]}"#;
        let (d, c) = (r#"{"@@assign":["d"]}"#, r#"{"@@append":["c"]}"#);
        let no_a = r#"{"@@remove":["a"]}"#;
        let cases: [(&[&[&str]], &str); 6] = [
            (&[&[locked], &[d], &[c], &[no_a]], r#"["a"]"#),
            (&[&[locked], &[reopen], &[d]], r#"["a"]"#),
            (&[&[append], &[d], &[c]], r#"["a","c"]"#),
            // Of one level's policies each must allow.
            (&[&[append, remove], &[c], &[d]], r#"["a"]"#),
            (&[&[append, remove], &[no_a]], "[]"),
            // A level is not bound by what it lays on others.
            (&[&[locked, c]], r#"["a","c"]"#),
        ];
        for (levels, expected) in cases {
            assert_eq!(merge(levels), expected, "{levels:?}");
        }
    }

    #[test]
    fn a_lock_covers_everything_below_it() {
        let mut merged = Merged::default();
        let root = r#"{"tags":{"@@operators_allowed_for_child_policies":["@@none"],"a":{"tag_key":{"@@assign":"A"}}}}"#;
        merged.level([root]);
        merged.level([
            r#"{"tags":{"a":{"tag_key":{"@@assign":"a"}},"b":{"tag_key":{"@@assign":"B"}}}}"#,
        ]);
        let expected = serde_json::json!({"tags": {"a": {"tag_key": "A"}}});
        assert_eq!(merged.document(), Some(expected));
    }

    /// Any settings: operators with values, below up to three levels of names.
    fn settings() -> impl Strategy<Value = Value> {
        let names = || proptest::sample::select(vec!["a", "b", "c"]);
        let operators = || proptest::sample::select(vec![ASSIGN, APPEND, REMOVE]);
        let values = proptest::collection::vec(names().prop_map(Value::from), 0..3);
        let allowed = operators().prop_map(|operator| (ALLOWED.to_owned(), json!([operator])));
        let set = (operators(), values).prop_map(|(key, values)| (key.to_owned(), json!(values)));
        let object = |members: Vec<(String, Value)>| Value::Object(members.into_iter().collect());
        let leaf = proptest::collection::vec(prop_oneof![3 => set, 1 => allowed], 0..3);
        leaf.prop_map(object).prop_recursive(3, 24, 3, move |inner| {
            let member = (names().prop_map(str::to_owned), inner);
            proptest::collection::vec(member, 0..3).prop_map(object)
        })
    }

    fn document(levels: &[Value]) -> Option<Value> {
        let mut merged = Merged::default();
        for level in levels {
            merged.level([level.to_string().as_str()]);
        }
        merged.document()
    }

    proptest! {
        #[test]
        fn what_is_in_force_has_no_operators(levels in proptest::collection::vec(settings(), 0..4)) {
            if let Some(document) = document(&levels) {
                prop_assert!(!document.to_string().contains("@@"), "{document}");
            }
        }

        #[test]
        fn below_a_lock_nothing_changes(mut root in settings(), below in settings()) {
            if let Value::Object(members) = &mut root {
                members.insert(ALLOWED.to_owned(), json!([NONE]));
            }
            prop_assert_eq!(document(&[root.clone(), below]), document(&[root]));
        }
    }
}
