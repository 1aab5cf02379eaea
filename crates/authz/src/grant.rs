//! KMS grants, which allow beside the key policy
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>). A grant only ever allows. Its rules for making
//! further grants (operations and constraints at most its own) are checked where grants are made, not here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::request::Request;
use crate::template::fold;
use crate::who::{Named, named_by};

/// A grant on the key that the request is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// The grant's id.
    pub id: String,
    /// Who may use the key: an ARN, or a service's name.
    pub grantee: String,
    /// Who may retire the grant.
    #[serde(default)]
    pub retiring: Option<String>,
    /// Operations, such as `Decrypt`, `ReEncryptFrom`.
    pub operations: Vec<String>,
    /// When it allows; all that are given must hold.
    #[serde(default)]
    pub constraints: Constraints,
}

/// A grant's constraints, under AWS's names
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Constraints {
    /// The encryption context is exactly this.
    #[serde(default)]
    pub encryption_context_equals: Option<BTreeMap<String, String>>,
    /// The encryption context has these pairs at least.
    #[serde(default)]
    pub encryption_context_subset: Option<BTreeMap<String, String>>,
    /// The request is made on behalf of this resource (`aws:SourceArn`).
    #[serde(default)]
    pub source_arn: Option<String>,
}

impl Grant {
    /// How the grant names the caller, if it allows the request.
    pub(crate) fn allows(&self, request: &Request) -> Option<Named> {
        let operation = request.action().strip_prefix("kms:")?;
        let retires = operation == "RetireGrant";
        if let Some(retiring) = self.retiring.as_deref().filter(|_| retires)
            && let Some(named) = named_by(retiring, &request.principal)
        {
            return Some(named);
        }
        let named = named_by(&self.grantee, &request.principal)?;
        let listed = self.operations.iter().any(|allowed| allowed == operation);
        (listed && self.constraints.hold(request, operation)).then_some(named)
    }
}

impl Constraints {
    fn hold(&self, request: &Request, operation: &str) -> bool {
        let from = |arn: &String| {
            operation == "RetireGrant"
                || request.context.get("aws:sourcearn").iter().any(|found| found.text() == *arn)
        };
        if !self.source_arn.as_ref().is_none_or(from) {
            return false;
        }
        if !has_encryption_context(operation) {
            return true;
        }
        let context = &request.encryption_context;
        let equal = |(key, value): (&String, &String), (k, v): &(String, String)| {
            // In a constraint the key has no case and the value has.
            value == v && fold(key) == fold(k)
        };
        let included = |pairs: &BTreeMap<String, String>| {
            pairs.iter().all(|pair| context.iter().any(|found| equal(pair, found)))
        };
        let same = |pairs: &BTreeMap<String, String>| {
            let known = |found| pairs.iter().any(|pair| equal(pair, found));
            included(pairs) && context.iter().all(known)
        };
        self.encryption_context_subset.as_ref().is_none_or(included)
            && self.encryption_context_equals.as_ref().is_none_or(same)
    }
}

/// The operations that carry an encryption context; its constraints do not hold back the others.
fn has_encryption_context(operation: &str) -> bool {
    matches!(
        operation,
        "Encrypt"
            | "Decrypt"
            | "GenerateDataKey"
            | "GenerateDataKeyWithoutPlaintext"
            | "GenerateDataKeyPair"
            | "GenerateDataKeyPairWithoutPlaintext"
            | "ReEncryptFrom"
            | "ReEncryptTo"
    )
}

#[cfg(test)]
mod tests {
    use base::AccountId;

    use super::*;
    use crate::request::Principal;

    const BOB: &str = "arn:aws:iam::123456789012:user/bob";

    fn request(action: &str, context: &[(&str, &str)]) -> Request {
        let principal = Principal::user(AccountId::DEFAULT, BOB);
        let mut request = Request::new(principal, action, "*");
        let pairs = context.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        request.encryption_context = pairs.collect();
        request
    }

    fn grant() -> Grant {
        Grant {
            id: "g".into(),
            grantee: BOB.into(),
            retiring: None,
            operations: vec!["Decrypt".into(), "DescribeKey".into()],
            constraints: Constraints::default(),
        }
    }

    #[test]
    fn constraints_hold_back_what_has_a_context() {
        let pairs = Some(BTreeMap::from([("App".to_owned(), "x".to_owned())]));
        let constrained = |constraints| Grant { constraints, ..grant() };
        let equals = constrained(Constraints {
            encryption_context_equals: pairs.clone(),
            ..Constraints::default()
        });
        let subset =
            constrained(Constraints { encryption_context_subset: pairs, ..Constraints::default() });
        let allowed = |grant: &Grant, context: &[(&str, &str)]| {
            grant.allows(&request("kms:Decrypt", context)).is_some()
        };
        assert!(allowed(&equals, &[("App", "x")]));
        assert!(!allowed(&equals, &[("App", "x"), ("more", "y")]));
        assert!(allowed(&subset, &[("app", "x"), ("more", "y")]), "a key has no case");
        assert!(!allowed(&subset, &[("App", "X")]), "a value has");
        assert!(equals.allows(&request("kms:DescribeKey", &[])).is_some());
        assert!(equals.allows(&request("kms:Encrypt", &[])).is_none(), "not listed");
        assert!(equals.allows(&request("s3:Decrypt", &[])).is_none());
    }

    #[test]
    fn the_source_counts_for_every_operation_but_retiring() {
        let arn = "arn:aws:s3:::b";
        let source_arn = Some(arn.to_owned());
        let constraints = Constraints { source_arn, ..Constraints::default() };
        let grant = Grant { constraints, ..grant() };
        let mut request = request("kms:DescribeKey", &[]);
        assert!(grant.allows(&request).is_none());
        request.context.set("aws:SourceArn", arn);
        assert!(grant.allows(&request).is_some());
    }

    #[test]
    fn the_retiring_principal_retires() {
        let retiring = Some(BOB.to_owned());
        let grant = Grant { grantee: "logs.amazonaws.com".into(), retiring, ..grant() };
        assert!(grant.allows(&request("kms:RetireGrant", &[])).is_some());
        assert!(grant.allows(&request("kms:Decrypt", &[])).is_none());
        let service = Principal::service("logs.amazonaws.com");
        assert!(grant.allows(&Request::new(service, "kms:DescribeKey", "*")).is_some());
    }
}
