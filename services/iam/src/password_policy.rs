//! The account's password policy, and what it asks of a password.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>. Where an account has none of
//! its own, AWS's default policy holds, which no operation shows.

use std::sync::Arc;

use api_iam::error::{NO_SUCH_ENTITY_EXCEPTION, PASSWORD_POLICY_VIOLATION_EXCEPTION};
use api_iam::operations::{
    DeleteAccountPasswordPolicy, GetAccountPasswordPolicy, UpdateAccountPasswordPolicy,
};
use api_iam::{GetAccountPasswordPolicyResponse, Unit, UpdateAccountPasswordPolicyRequest};
use base::time::DAY;
use base::{Arn, Region, Timestamp};
use identity::record::{self, Password};
use platform::{Call, Facts, Handle, Identity, Resource, Service};
use serde::{Deserialize, Serialize};
use shape::Failure;
use store::Record;

use crate::Iam;
use crate::find::{self, OrInternal as _};

/// The account's password policy, as audit records name it.
const ACCOUNT_PASSWORD_POLICY: &str = "AWS::IAM::AccountPasswordPolicy";
/// Shortest password where nothing is asked.
const LENGTH_DEFAULT: u32 = 8;
/// Shortest password of a policy that does not say.
const LENGTH_UNSAID: u32 = 6;
/// Kinds of characters that the default policy asks for, of the four there are.
const KINDS_DEFAULT: usize = 3;
/// What counts as a symbol.
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

/// A password policy. There is one at most in an account, filed under its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasswordPolicy {
    minimum_length: u32,
    /// Uppercase, lowercase, number, symbol.
    required: [bool; 4],
    users_may_change: bool,
    max_age_days: Option<u32>,
    reuse_prevention: Option<u32>,
    hard_expiry: bool,
}

impl Record for PasswordPolicy {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "password-policy";
}

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<UpdateAccountPasswordPolicy, _>(iam)
        .operation::<GetAccountPasswordPolicy, _>(iam)
        .operation::<DeleteAccountPasswordPolicy, _>(iam)
}

impl PasswordPolicy {
    /// The account's own, if it has one.
    ///
    /// # Errors
    /// A failing store.
    pub(crate) async fn of(call: &mut Call) -> Result<Option<Arc<Self>>, Failure> {
        let (scope, account) = (find::scope(call), call.account());
        call.tx.get::<Self>(&scope, account.as_str()).await.or_internal()
    }

    /// How many passwords before a new one must differ from it.
    pub(crate) fn remembered(&self) -> usize {
        self.reuse_prevention.map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Whether users may change their own passwords without another permission.
    pub(crate) fn users_may_change(&self) -> bool {
        self.users_may_change
    }

    /// When this password expires, if it does.
    pub(crate) fn expiry(&self, password: &Password) -> Option<Timestamp> {
        self.max_age_days.map(|days| password.changed + DAY * days)
    }

    /// Whether this password has expired so that only an administrator can set another.
    pub(crate) fn is_locked_out(&self, password: &Password, now: Timestamp) -> bool {
        self.hard_expiry && self.expiry(password).is_some_and(|expiry| expiry <= now)
    }
}

/// Checks a password against the account's policy, or the default one. `alias` is the account's.
///
/// # Errors
/// `PasswordPolicyViolation`, with all that it lacks.
pub(crate) fn check(
    policy: Option<&PasswordPolicy>,
    alias: Option<&str>,
    password: &str,
) -> Result<(), Failure> {
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let kinds = [
        (has(|c| c.is_ascii_uppercase()), "Password should have at least one uppercase letter"),
        (has(|c| c.is_ascii_lowercase()), "Password should have at least one lowercase letter"),
        (has(|c| c.is_ascii_digit()), "Password should have at least one number"),
        (has(|c| SYMBOLS.contains(c)), "Password should have at least one symbol"),
    ];
    let mut lacks = Vec::new();
    let length = policy.map_or(LENGTH_DEFAULT, |policy| policy.minimum_length);
    if password.chars().count() < usize::try_from(length).unwrap_or(usize::MAX) {
        lacks.push(format!("Password should have a minimum length of {length}"));
    }
    match policy {
        Some(policy) => {
            let asked = kinds.iter().zip(policy.required);
            let missing = asked.filter(|((has, _), asked)| *asked && !has);
            lacks.extend(missing.map(|((_, text), _)| (*text).to_owned()));
        }
        None => {
            let missing: Vec<&str> =
                kinds.iter().filter(|(has, _)| !has).map(|(_, text)| *text).collect();
            let more = (KINDS_DEFAULT + missing.len()).saturating_sub(kinds.len());
            if more > 0 {
                let missing = missing.join(", ");
                lacks.push(format!(
                    "Password should meet {more} more of the following requirements: {missing}"
                ));
            }
            if alias.is_some_and(|alias| alias.eq_ignore_ascii_case(password)) {
                lacks.push("Password should not be the name of the account".to_owned());
            }
        }
    }
    if lacks.is_empty() {
        return Ok(());
    }
    Err(PASSWORD_POLICY_VIOLATION_EXCEPTION.because(lacks.join(", ")))
}

impl Handle<UpdateAccountPasswordPolicy> for Iam {
    const FACTS: Facts = Facts::write("iam:UpdateAccountPasswordPolicy");

    // What a request leaves out goes back to its default: there are no partial updates.
    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateAccountPasswordPolicyRequest,
    ) -> Result<Unit, Failure> {
        let number = |given: Option<i32>| given.and_then(|given| u32::try_from(given).ok());
        let policy = PasswordPolicy {
            minimum_length: number(input.minimum_password_length).unwrap_or(LENGTH_UNSAID),
            required: [
                input.require_uppercase_characters,
                input.require_lowercase_characters,
                input.require_numbers,
                input.require_symbols,
            ]
            .map(|asked| asked.unwrap_or(false)),
            users_may_change: input.allow_users_to_change_password.unwrap_or(false),
            max_age_days: number(input.max_password_age),
            reuse_prevention: number(input.password_reuse_prevention),
            hard_expiry: input.hard_expiry.unwrap_or(false),
        };
        let (scope, account) = (find::scope(call), call.account());
        call.tx.put(&scope, account.as_str(), &policy).or_internal()?;
        Ok(Unit::default())
    }
}

impl Handle<GetAccountPasswordPolicy> for Iam {
    const FACTS: Facts = Facts::read("iam:GetAccountPasswordPolicy");

    // Users who may change their passwords may see what is asked of them.
    async fn resources(&self, call: &mut Call, _input: &Unit) -> Result<Vec<Resource>, Failure> {
        let account = call.account();
        let Some(policy) = own_account_policy(call, "iam:GetAccountPasswordPolicy").await? else {
            return Ok(Vec::new());
        };
        let arn = Arn::new("iam", &Region::default(), account, "account-password-policy");
        let resource = Resource::new(arn, ACCOUNT_PASSWORD_POLICY, account);
        Ok(vec![Resource { policy: Some(policy), ..resource }])
    }

    async fn handle(
        &self,
        call: &mut Call,
        _input: &Unit,
    ) -> Result<GetAccountPasswordPolicyResponse, Failure> {
        let Some(policy) = PasswordPolicy::of(call).await? else {
            let text =
                format!("The Password Policy with domain name {} cannot be found.", call.account());
            return Err(NO_SUCH_ENTITY_EXCEPTION.because(text));
        };
        Ok(GetAccountPasswordPolicyResponse { password_policy: Some(show(&policy)) })
    }
}

impl Handle<DeleteAccountPasswordPolicy> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteAccountPasswordPolicy");

    async fn handle(&self, call: &mut Call, _input: &Unit) -> Result<Unit, Failure> {
        if PasswordPolicy::of(call).await?.is_none() {
            let text = "The account policy with name PasswordPolicy cannot be found.";
            return Err(NO_SUCH_ENTITY_EXCEPTION.because(text));
        }
        let (scope, account) = (find::scope(call), call.account());
        call.tx.delete::<PasswordPolicy>(&scope, account.as_str()).or_internal()?;
        Ok(Unit::default())
    }
}

/// The permission that an account whose users may change their passwords gives the calling user, as a policy document.
///
/// # Errors
/// A failing store.
pub(crate) async fn own_account_policy(
    call: &mut Call,
    action: &str,
) -> Result<Option<Arc<str>>, Failure> {
    let Identity::User { arn, .. } = &call.caller.identity else { return Ok(None) };
    let principal = arn.clone();
    let policy = PasswordPolicy::of(call).await?;
    if !policy.is_some_and(|policy| policy.users_may_change()) {
        return Ok(None);
    }
    let document = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": { "AWS": principal },
            "Action": action,
            "Resource": "*",
        },
    });
    Ok(Some(document.to_string().into()))
}

fn show(policy: &PasswordPolicy) -> api_iam::PasswordPolicy {
    let number = |kept: u32| i32::try_from(kept).unwrap_or(i32::MAX);
    let [uppercase, lowercase, numbers, symbols] = policy.required;
    api_iam::PasswordPolicy {
        minimum_password_length: Some(number(policy.minimum_length)),
        require_symbols: Some(symbols),
        require_numbers: Some(numbers),
        require_uppercase_characters: Some(uppercase),
        require_lowercase_characters: Some(lowercase),
        allow_users_to_change_password: Some(policy.users_may_change),
        expire_passwords: Some(policy.max_age_days.is_some()),
        max_password_age: policy.max_age_days.map(number),
        password_reuse_prevention: policy.reuse_prevention.map(number),
        hard_expiry: Some(policy.hard_expiry),
    }
}
