//! Whether a policy grants anything of a service.

use authz::{Document, Effect};

/// Whether a statement of the policy allows some action of the service. What denies is not looked at: it rarely takes a whole
/// service away, and AWS does not either.
pub(super) fn grants(text: &str, namespace: &str) -> bool {
    let Ok(document) = Document::parse(text) else { return false };
    let mut allowing = document.statements.iter().filter(|s| s.effect == Effect::Allow);
    allowing.any(|statement| {
        let Some(action) = &statement.action else { return false };
        let mut terms = action.terms.iter().map(|term| term.text.to_ascii_lowercase());
        if action.negated {
            return !terms.any(|term| match term.split_once(':') {
                Some((service, "*")) => is_like(service.as_bytes(), namespace.as_bytes()),
                _ => term == "*",
            });
        }
        terms.any(|term| {
            let service = term.split(':').next().unwrap_or_default();
            is_like(service.as_bytes(), namespace.as_bytes())
        })
    })
}

/// Wildcards as in policies. A service's name is short.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|skipped| is_like(rest, &text[skipped..])),
        (Some((b'?', rest)), Some((_, text))) => is_like(rest, text),
        (Some((a, rest)), Some((b, text))) => a == b && is_like(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_statements() {
        let policy = |element: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{element},"Resource":"*"}}]}}"#
            )
        };
        for (element, granted) in [
            (r#""Action":"s3:GetObject""#, true),
            (r#""Action":"S*:GetObject""#, true),
            (r#""Action":"*""#, true),
            (r#""Action":["kms:*","s?:*"]"#, true),
            (r#""Action":"kms:*""#, false),
            (r#""NotAction":"kms:*""#, true),
            (r#""NotAction":["s3:*"]"#, false),
            (r#""NotAction":["s3:Get*"]"#, true),
        ] {
            assert_eq!(grants(&policy(element), "s3"), granted, "{element}");
        }
        let denial = policy(r#""Action":"s3:*""#).replace("Allow", "Deny");
        assert!(!grants(&denial, "s3"));
    }
}
