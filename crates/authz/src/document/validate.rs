//! What IAM checks of a policy beyond its grammar, in IAM's order and words. The order was worked out from outside by
//! other projects that tried documents against IAM: version; the older parser's findings (case of `Effect`, dates,
//! malformed ARNs); statement ids; missing elements; ARNs; action prefixes; what the kind forbids.

use std::collections::HashSet;

use super::{Condition, Document, Effect, Kind, Statement, Term, Terms, Version};
use crate::condition::date;
use crate::error::{Error, Position};

/// Partitions that an ARN in a policy may name.
const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// How an IAM resource may begin, in the order of IAM's own message.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// Actions that a trust policy may name; more than assuming the role, and no wildcards.
const TRUST_ACTIONS: [&str; 12] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:DecodeAuthorizationMessage",
    "sts:GetAccessKeyInfo",
    "sts:GetCallerIdentity",
    "sts:GetFederationToken",
    "sts:GetServiceBearerToken",
    "sts:GetSessionToken",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

pub(super) fn document(document: &Document, kind: Kind) -> Result<(), Error> {
    let start = document.statements.first().map_or(Position::default(), |s| s.at);
    // Managed and inline policies; the other kinds take the older version too.
    if matches!(kind, Kind::Identity | Kind::Boundary) && document.version != Some(Version::V2012) {
        let text = "Policy document must be version 2012-10-17 or greater.";
        return Err(Error::malformed(start, text));
    }
    legacy(document)?;
    // ARNs are IAM's to judge only in its own policies: other services take names of other forms.
    let arns = !kind.names_principals();
    let resources = document.statements.iter().filter_map(|s| s.resource.as_ref());
    let mut malformed = resources.flat_map(|r| &r.terms).filter_map(resource);
    let malformed = if arns { malformed.next() } else { None };
    if arns && malformed.is_none() {
        legacy_resources(document)?;
    }
    unique_ids(document)?;
    for statement in &document.statements {
        // A key policy is taken with such statements, which have no effect (PutKeyPolicy, KMS API Reference).
        if kind != Kind::Key && is_empty(statement.action.as_ref()) {
            return Err(Error::malformed(statement.at, "Policy statement must contain actions."));
        }
    }
    for statement in &document.statements {
        if arns && is_empty(statement.resource.as_ref()) {
            return Err(Error::malformed(statement.at, "Policy statement must contain resources."));
        }
    }
    if let Some(error) = malformed {
        return Err(error);
    }
    let actions = document.statements.iter().filter_map(|s| s.action.as_ref());
    actions.flat_map(|a| &a.terms).try_for_each(action)?;
    document.statements.iter().try_for_each(|statement| by_kind(statement, kind))
}

fn is_empty(terms: Option<&Terms>) -> bool {
    terms.is_none_or(|terms| terms.terms.is_empty())
}

fn legacy(document: &Document) -> Result<(), Error> {
    for statement in &document.statements {
        if !statement.effect_exact {
            return Err(failed_legacy(statement.at));
        }
        let dates = |c: &&Condition| c.comparison.operator.test.is_date();
        for condition in statement.conditions.iter().filter(dates) {
            if condition.values.iter().any(|value| date::parse(value).is_none()) {
                return Err(failed_legacy(condition.at));
            }
        }
    }
    Ok(())
}

fn legacy_resources(document: &Document) -> Result<(), Error> {
    let resources = document.statements.iter().filter_map(|s| s.resource.as_ref());
    for Term { at, text } in resources.flat_map(|r| &r.terms).filter(|term| term.text != "*") {
        let shortened = text.matches(':').count() < 5 && text.contains("::");
        let no_vendor = text.split(':').nth(2).is_none_or(str::is_empty);
        if shortened || no_vendor {
            return Err(failed_legacy(*at));
        }
    }
    Ok(())
}

fn failed_legacy(at: Position) -> Error {
    Error::malformed(at, "The policy failed legacy parsing")
}

fn unique_ids(document: &Document) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for statement in &document.statements {
        let sid = statement.sid.as_deref().filter(|sid| !sid.is_empty());
        if sid.is_some_and(|sid| !seen.insert(sid)) {
            let text = "Statement IDs (SID) in a single policy must be unique.";
            return Err(Error::malformed(statement.at, text));
        }
    }
    Ok(())
}

/// What is wrong with a resource's ARN, if anything is.
fn resource(term: &Term) -> Option<Error> {
    let Term { at, text } = term;
    let error = |message: String| Some(Error::malformed(*at, message));
    if text == "*" {
        return None;
    }
    let Some((_, rest)) = text.split_once(':') else {
        return error(format!("Resource {text} must be in ARN format or \"*\"."));
    };
    let parts = rest.splitn(5, ':').collect::<Vec<_>>();
    let part = |index: usize| parts.get(index).copied();
    let partition = parts[0];
    if !PARTITIONS.contains(&partition) && !partition.contains('*') {
        let [vendor, region, account, name] = [1, 2, 3, 4].map(|i| part(i).unwrap_or("*"));
        return error(format!(
            "Partition \"{partition}\" is not valid for resource \
             \"arn:{partition}:{vendor}:{region}:{account}:{name}\"."
        ));
    }
    let Some(vendor) = part(1) else {
        let text = "Resource vendor must be fully qualified and cannot contain regexes.";
        return error(text.to_owned());
    };
    let has_region = part(2).is_some_and(|region| !region.is_empty());
    let name = part(4).unwrap_or_default();
    match vendor {
        "iam" if has_region => {
            error(format!("IAM resource {text} cannot contain region information."))
        }
        "s3" if has_region && !name.starts_with("accesspoint/") => {
            error(format!("Resource {text} can not contain region information."))
        }
        // An ARN cut short is the older parser's to refuse.
        "iam" if parts.len() == 5 && !is_iam_path(name) => error(format!(
            "IAM resource path must either be \"*\" or start with {}.",
            IAM_PATHS.join(", ")
        )),
        _ => None,
    }
}

fn is_iam_path(name: &str) -> bool {
    matches!(name, "*" | "root") || IAM_PATHS.iter().any(|path| name.starts_with(path))
}

fn action(term: &Term) -> Result<(), Error> {
    let Term { at, text } = term;
    let parts = text.split(':').collect::<Vec<_>>();
    let vendor = parts[0];
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    match parts.len() {
        _ if text == "*" => Ok(()),
        1 => Err(Error::malformed(
            *at,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        )),
        2 if vendor == "*" || vendor.chars().all(plain) => Ok(()),
        2 => Err(Error::malformed(*at, format!("Vendor {vendor} is not valid"))),
        _ => Err(Error::malformed(*at, "Actions/Condition can contain only one colon.")),
    }
}

fn by_kind(statement: &Statement, kind: Kind) -> Result<(), Error> {
    let Statement { at, effect, principal, action, resource, .. } = statement;
    let refuse = |text: &str| Err(Error::malformed(*at, text));
    if !kind.names_principals() {
        return match principal {
            None => Ok(()),
            Some(_) => refuse("Policy document should not specify a principal."),
        };
    }
    let Some(principal) = principal else {
        return refuse("Missing required field Principal");
    };
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    let refused = matches!(kind, Kind::Trust | Kind::ResourceControl) || *effect == Effect::Allow;
    if principal.negated && refused {
        return refuse("Has prohibited field NotPrincipal");
    }
    match kind {
        Kind::Trust if resource.is_some() => refuse("Has prohibited field Resource"),
        Kind::Trust => {
            let named = action.as_ref().filter(|a| !a.negated).map_or(&[][..], |a| &a.terms);
            let known = |t: &Term| TRUST_ACTIONS.iter().any(|k| k.eq_ignore_ascii_case(&t.text));
            if !named.is_empty() && named.iter().all(known) {
                return Ok(());
            }
            refuse("AssumeRole policy may only specify STS AssumeRole actions.")
        }
        Kind::ResourceControl => {
            let everyone = principal.entries.iter().all(|entry| entry.text == "*");
            // Only RCPFullAWSAccess, which AWS attaches by itself, allows.
            if everyone && (*effect == Effect::Deny || is_full_access(statement)) {
                return Ok(());
            }
            refuse(
                "The provided policy document does not meet the requirements of the specified policy type.",
            )
        }
        _ => Ok(()),
    }
}

fn is_full_access(statement: &Statement) -> bool {
    let star = |terms: &Option<Terms>| {
        terms.as_ref().is_some_and(|t| !t.negated && t.terms.iter().any(|t| t.text == "*"))
    };
    star(&statement.action) && star(&statement.resource) && statement.conditions.is_empty()
}
