//! Names of parameters: what one may look like, and the forms in which a request may write one.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html#sysman-parameter-name-constraints>

use api_ssm::error::HIERARCHY_LEVEL_LIMIT_EXCEEDED_EXCEPTION;
use shape::Failure;
use shape::error::VALIDATION;
use store::Scope;

/// Longest name, with the ARN's parts before it, in characters.
const NAME_MAX_CHARS: usize = 1011;
/// Levels of a path at most.
const LEVELS_MAX: usize = 15;

/// A name as a request writes it: plain or in an ARN, with a version or label behind a colon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    /// The parameter's scope, if an ARN tells it.
    pub scope: Option<Scope>,
    /// The parameter's name.
    pub name: String,
    /// What stands behind the colon.
    pub selector: Option<&'a str>,
}

/// Checks the name of a parameter that is to be written.
///
/// # Errors
/// `ValidationException`, `HierarchyLevelLimitExceededException`.
pub(crate) fn check(name: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    let parts: Vec<&str> = name.split('/').collect();
    let levels = if name.starts_with('/') { parts.len() - 1 } else { parts.len() };
    if levels > LEVELS_MAX {
        return Err(HIERARCHY_LEVEL_LIMIT_EXCEEDED_EXCEPTION.because(format!(
            "Hierarchy depth of parameter name exceeds the maximum of {LEVELS_MAX} levels."
        )));
    }
    if name.len() > NAME_MAX_CHARS {
        let text = format!("Parameter name must not be longer than {NAME_MAX_CHARS} characters.");
        return Err(VALIDATION.because(text));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(VALIDATION.because("Parameter name must be a fully qualified name."));
    }
    let empty = parts.iter().skip(usize::from(name.starts_with('/'))).any(|part| part.is_empty());
    if !name.chars().all(allowed) || empty {
        return Err(VALIDATION.because(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following \
             3 symbols .-_",
        ));
    }
    let first = parts.iter().find(|part| !part.is_empty()).copied().unwrap_or_default();
    for reserved in ["aws", "ssm"] {
        if first.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case(reserved)) {
            return Err(VALIDATION.because(format!(
                "Parameter name: can't be prefixed with \"{reserved}\" (case-insensitive)."
            )));
        }
    }
    Ok(())
}

/// Takes apart a name as requests write it.
///
/// # Errors
/// `ValidationException` for an ARN of something else.
pub(crate) fn read(text: &str) -> Result<Named<'_>, Failure> {
    let Some(rest) = text.strip_prefix("arn:") else {
        let (name, selector) = split(text);
        return Ok(Named { scope: None, name: name.to_owned(), selector });
    };
    let parse = || {
        let mut parts = rest.splitn(5, ':');
        let (_partition, service) = (parts.next()?, parts.next()?);
        let region = parts.next()?.parse().ok()?;
        let account = parts.next()?.parse().ok()?;
        let path = parts.next()?.strip_prefix("parameter")?;
        let (name, selector) = split(path);
        // A name without a path has one slash in the ARN that is not its own.
        let bare = name.strip_prefix('/')?;
        let name = if bare.contains('/') { name } else { bare };
        let scope = Some(Scope::new(account, region));
        (service == "ssm").then(|| Named { scope, name: name.to_owned(), selector })
    };
    parse().ok_or_else(|| VALIDATION.because(format!("Invalid parameter ARN: {text}")))
}

fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["a", "a.b-c_d", "/a", "/a/b/c", "Myssm", "/x/aws"] {
            assert!(check(good).is_ok(), "{good}");
        }
        let deep = "/a".repeat(16);
        for bad in ["", "/", "a/b", "/a//b", "/a/", "a b", "AWS", "/aws/x", "ssmx", "/SSM/a", &deep]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&"/a".repeat(15)).is_ok());
    }

    #[test]
    fn names_are_read_in_every_form() {
        let named = read("/a/b:3").expect("a name");
        assert_eq!((named.name.as_str(), named.selector), ("/a/b", Some("3")));
        for (arn, name) in [
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/a/b:prod", "/a/b"),
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/plain:prod", "plain"),
        ] {
            let named = read(arn).expect("a name");
            assert_eq!((named.name.as_str(), named.selector), (name, Some("prod")));
            assert_eq!(named.scope.expect("a scope").region.as_str(), "eu-west-1");
        }
        assert!(read("arn:aws:sqs:eu-west-1:123456789012:parameter/a").is_err());
        assert!(read("arn:aws:ssm:eu-west-1:123456789012:document/a").is_err());
    }
}
