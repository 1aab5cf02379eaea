//! What a request passes to the session that it asks for: policies that narrow it, and tags.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>. How AWS packs policies and tags is not published; here
//! their size is that of their text (docs/decisions/0080-sessions.md).

use std::sync::Arc;

use api_sts::error::{MALFORMED_POLICY_DOCUMENT_EXCEPTION, PACKED_POLICY_TOO_LARGE_EXCEPTION};
use api_sts::{PolicyDescriptorType, Tag};
use authz::Kind;
use base::AccountId;
use identity::{Session, directory, managed};
use platform::Call;
use shape::error::VALIDATION;
use shape::{ErrorSchema, Failure};

/// Characters of a session policy that is passed as a document, at most.
const POLICY_MAX_CHARS: usize = 2048;
/// Managed policies that are passed as session policies, at most.
const POLICY_ARNS_MAX: usize = 10;
/// Session tags, passed and inherited, at most.
const TAGS_MAX: usize = 50;
/// Bytes that policies, ARNs and tags of one session may have together: what `PackedPolicySize` is a percentage of.
const PACKED_MAX_BYTES: usize = 4096;

static INVALID_PARAMETER_VALUE: ErrorSchema = ErrorSchema::client("InvalidParameterValue", 400);

/// Policies and tags of a session.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    policies: Vec<Arc<str>>,
    policy_arns: Vec<String>,
    tags: Vec<(String, String)>,
    transitive: Vec<String>,
}

impl Passed {
    /// Takes the policies that a request passes, for a session in `account`.
    ///
    /// # Errors
    /// `MalformedPolicyDocument`, `ValidationError`.
    pub async fn policies(
        mut self,
        call: &Call,
        account: AccountId,
        policy: Option<&str>,
        arns: Option<&Vec<PolicyDescriptorType>>,
    ) -> Result<Self, Failure> {
        if let Some(text) = policy {
            if text.chars().count() > POLICY_MAX_CHARS {
                return Err(too_long("policy", POLICY_MAX_CHARS));
            }
            let read = authz::Policy::read(Kind::Session, "session policy", text);
            let malformed = |error: authz::Error| {
                MALFORMED_POLICY_DOCUMENT_EXCEPTION.because(error.to_string())
            };
            read.map_err(malformed)?;
            self.policies.push(text.into());
        }
        let arns: Vec<&str> = arns.into_iter().flatten().filter_map(|p| p.arn.as_deref()).collect();
        if arns.len() > POLICY_ARNS_MAX {
            return Err(too_long("policyArns", POLICY_ARNS_MAX));
        }
        for arn in arns {
            let own = directory::customer_policy(arn).is_some_and(|(owner, _)| owner == account);
            let found = match own || managed::by_arn(arn).is_some() {
                true => call.directory().managed(&call.tx, Kind::Session, arn).await,
                false => Ok(None),
            };
            if found.map_err(Failure::internal)?.is_none() {
                return Err(VALIDATION.because(format!("Policy {arn} does not exist.")));
            }
            self.policy_arns.push(arn.to_owned());
        }
        Ok(self)
    }

    /// Takes the tags that a request passes, and behind them those that follow the caller's own session.
    ///
    /// # Errors
    /// `InvalidParameterValue`.
    pub fn tags(
        mut self,
        tags: &[(String, String)],
        transitive: &[String],
        from: Option<&Session>,
    ) -> Result<Self, Failure> {
        let invalid = |text: &str| Err(INVALID_PARAMETER_VALUE.because(text));
        for (index, (key, _)) in tags.iter().enumerate() {
            if tags[..index].iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(key)) {
                return invalid(
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                );
            }
            if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
                return invalid("Tag keys must not begin with aws:.");
            }
        }
        let is_passed = |key: &String| tags.iter().any(|(own, _)| own.eq_ignore_ascii_case(key));
        if !transitive.iter().all(is_passed) {
            return invalid(
                "The specified transitive tag key must be included in the requested tags.",
            );
        }
        self.tags = tags.to_vec();
        self.transitive = transitive.to_vec();
        for (key, value) in inherited(from) {
            if is_passed(key) {
                return invalid(
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
                );
            }
            self.tags.push((key.clone(), value.clone()));
            self.transitive.push(key.clone());
        }
        if self.tags.len() > TAGS_MAX {
            return invalid("A session can have at most 50 tags.");
        }
        Ok(self)
    }

    /// Puts all of it into `session`.
    ///
    /// Returns `PackedPolicySize`, a percentage; none where nothing was passed.
    ///
    /// # Errors
    /// `PackedPolicyTooLarge`.
    pub fn put_into(self, session: &mut Session) -> Result<Option<i32>, Failure> {
        let Self { policies, policy_arns, tags, transitive } = self;
        let tag_bytes = |(key, value): &(String, String)| key.len() + value.len();
        let bytes = policies.iter().map(|policy| policy.len()).sum::<usize>()
            + policy_arns.iter().map(String::len).sum::<usize>()
            + tags.iter().map(tag_bytes).sum::<usize>();
        let percent = (bytes * 100).div_ceil(PACKED_MAX_BYTES);
        if percent > 100 {
            return Err(PACKED_POLICY_TOO_LARGE_EXCEPTION.because(format!(
                "Packed policy consumes {percent}% of allotted space, please use smaller policy."
            )));
        }
        (session.policies, session.policy_arns) = (policies, policy_arns);
        (session.tags, session.transitive) = (tags, transitive);
        Ok(i32::try_from(percent).ok().filter(|percent| *percent > 0))
    }
}

/// Tags as pairs.
pub(crate) fn pairs(tags: Option<&Vec<Tag>>) -> Vec<(String, String)> {
    let pair = |tag: &Tag| (tag.key().to_owned(), tag.value().to_owned());
    tags.into_iter().flatten().map(pair).collect()
}

/// Tags of a session that follow it into sessions of further roles.
pub(crate) fn inherited(from: Option<&Session>) -> impl Iterator<Item = &(String, String)> {
    from.into_iter().flat_map(|session| {
        let follows = |key: &str| session.transitive.iter().any(|t| t.eq_ignore_ascii_case(key));
        session.tags.iter().filter(move |(key, _)| follows(key))
    })
}

/// Fills `aws:RequestTag/…`, `aws:TagKeys` and `sts:TransitiveTagKeys`.
pub(crate) fn tag_conditions(
    request: &mut authz::Request,
    tags: &[(String, String)],
    transitive: &[String],
) {
    request.context.set_request_tags(tags.iter().map(|(key, value)| (&**key, &**value)));
    request.context.set_all("sts:TransitiveTagKeys", transitive.iter().cloned());
}

fn too_long(member: &str, max: usize) -> Failure {
    VALIDATION.because(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {max}"
    ))
}
