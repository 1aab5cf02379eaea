//! `Principal` and `NotPrincipal` elements, compiled. How a principal is named decides what the statement means beside
//! other policies: naming the caller itself grants outright, naming the role or user behind a session grants within
//! the session's limits, and naming the account only lets that account's own policies decide
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>).

use base::AccountId;

use crate::document::{Effect, PrincipalEntry, PrincipalType, Principals};
use crate::request::{Principal, PrincipalKind};

/// How directly a statement names the caller, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// By its account.
    Account,
    /// By the role or user behind its session.
    Entity,
    /// Itself, or everyone.
    Itself,
}

/// A compiled list of principals.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    negated: bool,
    entries: Box<[Entry]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Everyone,
    Account(AccountId),
    Arn(Box<str>),
    /// A unique id (`AIDA…`, `AROA…`), which survives in stored policies when an identity is deleted.
    Id(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    CanonicalUser(Box<str>),
}

impl Who {
    pub fn new(written: &Principals) -> Self {
        let entries = written.entries.iter().map(Entry::new).collect();
        Self { negated: written.negated, entries }
    }

    /// How a statement of this effect names the caller, if it does.
    pub fn names(&self, effect: Effect, principal: &Principal, bounded: bool) -> Option<Named> {
        if !self.negated {
            return self.entries.iter().filter_map(|entry| entry.names(principal)).max();
        }
        // AWS does not support NotPrincipal with Allow, which would grant to the whole world.
        let spared = effect == Effect::Allow || (!bounded && self.spares(principal));
        (!spared).then_some(Named::Itself)
    }

    /// Whether a Deny with `NotPrincipal` leaves the caller out: only if the account, the role or user behind a
    /// session, and the caller itself are all listed. Whoever has a permissions boundary is never left out
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>).
    fn spares(&self, principal: &Principal) -> bool {
        let lists = |level: Named| {
            self.entries.iter().any(|e| *e == Entry::Everyone || e.names(principal) == Some(level))
        };
        match principal.kind {
            PrincipalKind::Root => lists(Named::Account),
            PrincipalKind::User => lists(Named::Account) && lists(Named::Itself),
            PrincipalKind::RoleSession { .. } | PrincipalKind::FederatedUser { .. } => {
                [Named::Account, Named::Entity, Named::Itself].into_iter().all(lists)
            }
            _ => lists(Named::Itself),
        }
    }
}

impl Entry {
    fn new(written: &PrincipalEntry) -> Self {
        let text = written.text.as_str();
        match written.of {
            PrincipalType::Aws => Self::aws(text),
            PrincipalType::Service => Self::Service(text.into()),
            PrincipalType::Federated => Self::Federated(text.into()),
            PrincipalType::CanonicalUser => Self::CanonicalUser(text.into()),
        }
    }

    fn aws(text: &str) -> Self {
        if text == "*" {
            return Self::Everyone;
        }
        if let Ok(account) = text.parse() {
            return Self::Account(account);
        }
        if !text.starts_with("arn:") {
            return Self::Id(text.into());
        }
        match account_root(text) {
            Some(account) => Self::Account(account),
            None => Self::Arn(text.into()),
        }
    }

    fn names(&self, principal: &Principal) -> Option<Named> {
        let Principal { kind, account, arn, id, canonical_user, .. } = principal;
        let by = |named: Named, is: bool| is.then_some(named);
        match self {
            Self::Everyone => Some(Named::Itself),
            Self::Account(named) => by(Named::Account, *account == Some(*named)),
            Self::CanonicalUser(named) => {
                by(Named::Account, account.is_some() && **named == *canonical_user)
            }
            Self::Arn(named) if account.is_some() => {
                let itself = by(Named::Itself, **named == *arn);
                itself.or_else(|| by(Named::Entity, **named == *principal.entity_arn()))
            }
            Self::Id(named) if account.is_some() => {
                let role = id.split_once(':').map(|(role, _)| role);
                let itself = by(Named::Itself, **named == *id);
                itself.or_else(|| by(Named::Entity, role == Some(&**named)))
            }
            Self::Service(named) => match kind {
                PrincipalKind::Service { names } => {
                    by(Named::Itself, names.iter().any(|name| name.eq_ignore_ascii_case(named)))
                }
                _ => None,
            },
            Self::Federated(named) => match kind {
                PrincipalKind::Federated { provider } => by(Named::Itself, **named == **provider),
                _ => None,
            },
            Self::Arn(_) | Self::Id(_) => None,
        }
    }
}

/// How a plain ARN, such as a grant's grantee, names the caller.
pub(crate) fn named_by(text: &str, principal: &Principal) -> Option<Named> {
    let entry = match Entry::aws(text) {
        // A grant names one principal or a service; it has no wildcard.
        Entry::Everyone => return None,
        Entry::Id(id) => Entry::Service(id),
        entry => entry,
    };
    entry.names(principal)
}

/// The account of `arn:aws:iam::111122223333:root`.
fn account_root(arn: &str) -> Option<AccountId> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let iam = parts.next() == Some("iam") && parts.next() == Some("");
    let account = parts.next()?.parse().ok()?;
    (iam && parts.next() == Some("root")).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/R";
    const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/R/s";

    fn session() -> Principal {
        let principal = Principal::role_session(AccountId::DEFAULT, SESSION, ROLE);
        Principal { id: "AROAX:s".into(), ..principal }
    }

    #[test]
    fn a_session_has_three_names() {
        for (text, named) in [
            ("*", Some(Named::Itself)),
            (SESSION, Some(Named::Itself)),
            (ROLE, Some(Named::Entity)),
            ("AROAX", Some(Named::Entity)),
            ("123456789012", Some(Named::Account)),
            ("arn:aws:iam::123456789012:root", Some(Named::Account)),
            ("arn:aws:iam::123456789012:role/*", None),
            ("arn:aws:iam::210987654321:root", None),
        ] {
            assert_eq!(Entry::aws(text).names(&session()), named, "{text}");
        }
    }

    #[test]
    fn exceptions_need_the_whole_chain() {
        let who = |texts: &[&str]| Who {
            negated: true,
            entries: texts.iter().map(|text| Entry::aws(text)).collect(),
        };
        let denied = |who: &Who, bounded| who.names(Effect::Deny, &session(), bounded).is_some();
        assert!(denied(&who(&[ROLE, SESSION]), false));
        assert!(denied(&who(&[ROLE, "123456789012"]), false));
        let whole = who(&[ROLE, SESSION, "123456789012"]);
        assert!(!denied(&whole, false));
        assert!(denied(&whole, true), "a boundary is always denied");
        assert_eq!(whole.names(Effect::Allow, &Principal::anonymous(), false), None);
    }
}
