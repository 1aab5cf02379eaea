//! One-shot evaluation of a folder of policies against a list of requests with the expected answers, for the command
//! `bastide authz check` and CI. Pure: whoever runs it reads the files. Nothing is taken for granted silently: a case
//! whose policies do not read is an outcome of its own and no match.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base::AccountId;
use serde::Deserialize;

use crate::context::{Context, Value};
use crate::decision::Decision;
use crate::document::{Effect, Kind};
use crate::error::{CasesError, Error};
use crate::evaluate::{Policies, evaluate};
use crate::grant::Grant;
use crate::policy::Policy;
use crate::request::{Principal, PrincipalKind, Request};

/// A list of cases, as its JSON file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cases {
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// One request, the policies that apply to it, and the answer that is expected.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// Who asks.
    pub principal: Caller,
    /// The action, such as `s3:GetObject`.
    pub action: String,
    /// The resource's ARN; `*` where there is none.
    #[serde(default = "no_resource")]
    pub resource: String,
    /// The account that owns the resource; the caller's own if absent.
    #[serde(default)]
    pub resource_account: Option<AccountId>,
    /// Condition keys; those that follow from the principal are filled in beneath.
    #[serde(default)]
    pub context: BTreeMap<String, Given>,
    /// The encryption context of a KMS call, for grants.
    #[serde(default)]
    pub encryption_context: BTreeMap<String, String>,
    /// What applies.
    #[serde(default)]
    pub policies: Attached,
    /// The expected answer.
    pub expect: Effect,
}

/// A caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Caller {
    /// What kind of caller.
    pub kind: PrincipalKind,
    /// Its ARN; not needed for the root user.
    #[serde(default)]
    pub arn: Option<String>,
    /// Its account; taken from the ARN if absent.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// Its unique id.
    #[serde(default)]
    pub id: String,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whether it is a service-linked role's session.
    #[serde(default)]
    pub service_linked: bool,
}

/// The value or values of a condition key.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Given {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text; dates and addresses too.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

/// File names of the policies that apply, by what they are attached to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Attached {
    /// Of the user with its groups, or the role.
    pub identity: Vec<String>,
    /// The permissions boundary.
    pub boundary: Option<String>,
    /// Session policies.
    pub session: Option<Vec<String>>,
    /// Service control policies, a list a level.
    pub service_control: Vec<Vec<String>>,
    /// Resource control policies, a list a level.
    pub resource_control: Vec<Vec<String>>,
    /// The VPC endpoint's policy.
    pub endpoint: Option<String>,
    /// The resource's policy.
    pub resource: Option<String>,
    /// The key policy, in place of a resource's.
    pub key: Option<String>,
    /// The trust policy, in place of a resource's.
    pub trust: Option<String>,
    /// Grants on the key.
    pub grants: Vec<Grant>,
}

/// What came of one case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The case's name.
    pub name: String,
    /// What was expected.
    pub expected: Effect,
    /// The answer, or why there is none: the file and what is wrong with it.
    pub answer: Result<Decision, (String, Error)>,
    /// AWS's sentence, if the request was refused.
    pub message: Option<String>,
}

impl Outcome {
    /// Whether the answer is the expected one.
    pub fn is_as_expected(&self) -> bool {
        let expected = self.expected == Effect::Allow;
        self.answer.as_ref().is_ok_and(|decision| decision.allowed == expected)
    }
}

/// Judges every case. `files` holds the policies' texts by file name.
///
/// # Errors
/// [`Error::Cases`] if the list of cases does not read.
pub fn run(files: &BTreeMap<String, String>, cases: &str) -> Result<Vec<Outcome>, Error> {
    let cases = serde_json::from_str::<Cases>(cases);
    let cases = cases.map_err(|error| Error::Cases(CasesError(error.to_string())))?;
    let mut shelf = Shelf { files, compiled: HashMap::new() };
    Ok(cases.cases.iter().map(|case| judge(case, &mut shelf)).collect())
}

fn judge(case: &Case, shelf: &mut Shelf<'_>) -> Outcome {
    let request = request(case);
    let answer = answer(case, &request, shelf);
    let message = answer.as_ref().ok().and_then(|decision| decision.message(&request));
    Outcome { name: case.name.clone(), expected: case.expect, answer, message }
}

fn answer(
    case: &Case,
    request: &Request,
    shelf: &mut Shelf<'_>,
) -> Result<Decision, (String, Error)> {
    let Attached { identity, boundary, session, endpoint, resource, key, trust, grants, .. } =
        &case.policies;
    let resource_control = shelf.levels(Kind::ResourceControl, &case.policies.resource_control)?;
    let service_control = shelf.levels(Kind::ServiceControl, &case.policies.service_control)?;
    let identity = shelf.all(Kind::Identity, identity)?;
    let session = session.as_ref().map(|s| shelf.all(Kind::Session, s)).transpose()?;
    let boundary = shelf.one(Kind::Boundary, boundary.as_deref())?;
    let endpoint = shelf.one(Kind::Endpoint, endpoint.as_deref())?;
    let of_resource = [(Kind::Key, key), (Kind::Trust, trust), (Kind::Resource, resource)];
    let of_resource = of_resource.into_iter().find_map(|(k, name)| Some((k, name.as_deref()?)));
    let resource = match of_resource {
        Some((kind, name)) => shelf.one(kind, Some(name))?,
        None => None,
    };
    let policies = Policies {
        resource_control: &resource_control,
        service_control: &service_control,
        endpoint: endpoint.as_deref(),
        resource: resource.as_deref(),
        grants,
        identity: &identity,
        boundary: boundary.as_deref(),
        session: session.as_deref(),
    };
    Ok(evaluate(request, &policies))
}

fn request(case: &Case) -> Request {
    let Caller { kind, arn, account, id, tags, service_linked } = &case.principal;
    let of_arn = || arn.as_deref()?.parse::<base::Arn>().ok()?.account_id();
    let account = account.or_else(of_arn);
    let root_arn = || account.map(|account| account.root_arn());
    let principal = Principal {
        kind: kind.clone(),
        account,
        arn: arn.clone().or_else(root_arn).unwrap_or_else(|| "anonymous".to_owned()),
        id: id.clone(),
        canonical_user: String::new(),
        tags: tags.clone().into_iter().collect(),
        service_linked: *service_linked,
    };
    let mut context = Context::with_capacity(case.context.len() + 8);
    principal.describe(&mut context);
    for (key, given) in &case.context {
        let key = key.clone();
        match given.clone() {
            Given::Bool(value) => context.set(key, value),
            Given::Integer(value) => context.set(key, value),
            Given::Text(value) => context.set(key, Value::from(value)),
            Given::Texts(values) => context.set_all(key, values),
        }
    }
    let mut request = Request::new(principal, &case.action, &case.resource);
    request.resource_account = case.resource_account;
    request.context = context;
    request.encryption_context = case.encryption_context.clone().into_iter().collect();
    request
}

/// Compiles each file once for each kind of use.
struct Shelf<'f> {
    files: &'f BTreeMap<String, String>,
    compiled: HashMap<(Kind, String), Result<Arc<Policy>, Error>>,
}

type Read<T> = Result<T, (String, Error)>;

impl Shelf<'_> {
    fn get(&mut self, kind: Kind, name: &str) -> Read<Arc<Policy>> {
        let files = self.files;
        let entry = self.compiled.entry((kind, name.to_owned()));
        let compiled = entry.or_insert_with(|| match files.get(name) {
            Some(text) => Policy::read(kind, name, text).map(Arc::new),
            None => Err(Error::Cases(CasesError(format!("there is no file {name}")))),
        });
        compiled.clone().map_err(|error| (name.to_owned(), error))
    }

    fn one(&mut self, kind: Kind, name: Option<&str>) -> Read<Option<Arc<Policy>>> {
        name.map(|name| self.get(kind, name)).transpose()
    }

    fn all(&mut self, kind: Kind, names: &[String]) -> Read<Vec<Arc<Policy>>> {
        names.iter().map(|name| self.get(kind, name)).collect()
    }

    fn levels(&mut self, kind: Kind, levels: &[Vec<String>]) -> Read<Vec<Vec<Arc<Policy>>>> {
        levels.iter().map(|names| self.all(kind, names)).collect()
    }
}

fn no_resource() -> String {
    "*".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, String> {
        let read = r#"{"Version":"2012-10-17","Statement":{
            "Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/t}/*"}}"#;
        let files = [("read.json", read), ("broken.json", "{")];
        files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    }

    fn case(policy: &str, tag: &str, expect: &str) -> String {
        format!(
            r#"{{"name":"n","expect":"{expect}","action":"s3:GetObject","resource":"arn:aws:s3:::b/x/y",
            "principal":{{"kind":"user","arn":"arn:aws:iam::123456789012:user/u","tags":{{"t":"{tag}"}}}},
            "context":{{"aws:SourceIp":"10.0.0.1","aws:TagKeys":["a"],"aws:SecureTransport":true}},
            "policies":{{"identity":["{policy}"]}}}}"#
        )
    }

    #[test]
    fn outcomes() {
        let cases = [
            case("read.json", "x", "Allow"),
            case("read.json", "z", "Deny"),
            case("read.json", "z", "Allow"),
            case("broken.json", "x", "Deny"),
            case("absent.json", "x", "Deny"),
        ];
        let cases = format!("{{\"cases\":[{}]}}", cases.join(","));
        let outcomes = run(&files(), &cases).expect("the cases read");
        let matched = outcomes.iter().map(Outcome::is_as_expected).collect::<Vec<_>>();
        assert_eq!(matched, [true, true, false, false, false]);
        let message = outcomes[1].message.as_deref().expect("refused");
        assert!(
            message.ends_with("because no identity-based policy allows the s3:GetObject action")
        );
    }

    #[test]
    fn cases_that_do_not_read_are_an_error() {
        let error = run(&files(), "{\"cases\":[{}]}").expect_err("incomplete");
        assert!(error.explain().contains("name"), "{}", error.explain());
    }
}
