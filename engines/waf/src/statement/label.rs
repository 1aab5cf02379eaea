//! Labels: what rules say of a request to the rules after them. A label's full name begins with the namespace of the Web ACL or rule group that
//! its rule stands in.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-labels.html>

use crate::document::statement::LabelMatchScope;

/// The beginning of every full name.
pub(crate) const ROOT: &str = "awswaf:";

/// A key in the namespace of the rule that uses it, unless it is full.
pub(crate) fn full(namespace: &str, key: &str) -> String {
    if key.starts_with(ROOT) { key.to_owned() } else { format!("{namespace}{key}") }
}

/// Whether a label is what a full key asks for. A namespace matches what stands under it.
pub(crate) fn matches(label: &str, scope: LabelMatchScope, key: &str) -> bool {
    match scope {
        LabelMatchScope::Label => label == key,
        LabelMatchScope::Namespace => {
            let rest = label.strip_prefix(key.trim_end_matches(':'));
            rest.is_some_and(|rest| rest.starts_with(':'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LabelMatchScope::*;

    #[test]
    fn keys() {
        let namespace = "awswaf:123456789012:webacl:w:";
        let label = full(namespace, "a:b");
        assert_eq!(label, "awswaf:123456789012:webacl:w:a:b");
        assert_eq!(full(namespace, "awswaf:managed:x"), "awswaf:managed:x");
        let cases = [
            (Label, "a:b", true),
            (Label, "a", false),
            (Label, "b", false),
            (Namespace, "a:", true),
            (Namespace, "a:b:", false),
            (Namespace, "awswaf:123456789012:", true),
            (Namespace, "awswaf:1234567890", false),
        ];
        for (scope, key, expected) in cases {
            assert_eq!(matches(&label, scope, &full(namespace, key)), expected, "{scope:?} {key}");
        }
    }
}
