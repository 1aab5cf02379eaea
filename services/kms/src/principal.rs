//! Principals as policies and grants name them: ARNs of accounts, users, roles and sessions.

use base::{AccountId, Arn};

/// Whether `text` is the ARN of something that can call: an account, an IAM user or role, a federated user or an
/// assumed role. Whether it exists is not looked at.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>
pub(crate) fn is_principal_arn(text: &str) -> bool {
    let Ok(arn) = text.parse::<Arn>() else { return false };
    let named =
        |prefix: &str| arn.resource.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
    let resource = match arn.service.as_str() {
        "iam" => arn.resource == "root" || named("user/") || named("role/"),
        "sts" => named("federated-user/") || named("assumed-role/"),
        _ => false,
    };
    arn.partition.starts_with("aws")
        && arn.region.is_empty()
        && arn.account_id().is_some()
        && resource
}

/// The account of a principal ARN.
pub(crate) fn account_of(text: &str) -> Option<AccountId> {
    text.parse::<Arn>().ok()?.account_id()
}

/// Whether `text` is the name of a service, such as `s3.amazonaws.com`.
pub(crate) fn is_service(text: &str) -> bool {
    text.ends_with(".amazonaws.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_callers_are_told_from_others() {
        for good in [
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:user/path/bob",
            "arn:aws:iam::123456789012:role/admin",
            "arn:aws:sts::123456789012:assumed-role/admin/session",
        ] {
            assert!(is_principal_arn(good), "{good}");
        }
        for bad in [
            "",
            "bob",
            "123456789012",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:iam::12345:root",
            "arn:aws:s3:::bucket",
            "arn:aws:iam:us-east-1:123456789012:root",
        ] {
            assert!(!is_principal_arn(bad), "{bad}");
        }
    }
}
