//! The credential report: who has which credentials, and when each was last changed and used, as a table.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>. A report is made at once and is the one
//! that is given out for four hours.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api_iam::error::{
    CREDENTIAL_REPORT_EXPIRED_EXCEPTION, CREDENTIAL_REPORT_NOT_PRESENT_EXCEPTION,
};
use api_iam::operations::{GenerateCredentialReport, GetCredentialReport};
use api_iam::{
    GenerateCredentialReportResponse, GetCredentialReportResponse, ReportFormatType,
    ReportStateType, Unit,
};
use base::Timestamp;
use identity::credentials::{AccessKey, Status};
use identity::ids;
use identity::record::{self, User};
use platform::{Call, Facts, Handle, Service};
use serde::{Deserialize, Serialize};
use shape::{Blob, Failure};
use store::Record;

use crate::Iam;
use crate::access_keys::{self, LastUse};
use crate::find::{self, OrInternal as _};
use crate::holder::Holder;
use crate::password_policy::PasswordPolicy;
use crate::signing_certificates::{self, SigningCertificate};

/// How long a report is given out before a new one is made.
const VALID: Duration = Duration::from_secs(4 * 60 * 60);
/// Bytes of a report that are kept in one record.
const PART_BYTES: usize = 64 * 1024;
/// The columns, in AWS's order.
const COLUMNS: [&str; 22] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];
/// There is none.
const NONE: &str = "N/A";
/// It is not known: no sign-in with a password is recorded.
const UNKNOWN: &str = "no_information";
/// The root user has no such thing.
const UNSUPPORTED: &str = "not_supported";

/// When the latest report was made, and how many parts it has. Filed under the account's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Report {
    made: Timestamp,
    parts: usize,
}

/// A part of it, filed under its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part(String);

impl Record for Report {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "credential-report";
}

impl Record for Part {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "credential-report-part";
}

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service.operation::<GenerateCredentialReport, _>(iam).operation::<GetCredentialReport, _>(iam)
}

impl Handle<GenerateCredentialReport> for Iam {
    const FACTS: Facts = Facts::write("iam:GenerateCredentialReport");

    async fn handle(
        &self,
        call: &mut Call,
        _input: &Unit,
    ) -> Result<GenerateCredentialReportResponse, Failure> {
        let latest = latest(call).await?;
        if latest.is_none_or(|latest| latest.made + VALID <= call.now) {
            let text = report(call).await?;
            keep(call, &text)?;
        }
        let state = Some(ReportStateType::Complete);
        Ok(GenerateCredentialReportResponse { state, description: None })
    }
}

impl Handle<GetCredentialReport> for Iam {
    const FACTS: Facts = Facts::read("iam:GetCredentialReport");

    async fn handle(
        &self,
        call: &mut Call,
        _input: &Unit,
    ) -> Result<GetCredentialReportResponse, Failure> {
        let Some(latest) = latest(call).await? else {
            let text = "No credential report is present: generate one first.";
            return Err(CREDENTIAL_REPORT_NOT_PRESENT_EXCEPTION.because(text));
        };
        if latest.made + VALID <= call.now {
            let text = "The latest credential report has expired: generate a new one.";
            return Err(CREDENTIAL_REPORT_EXPIRED_EXCEPTION.because(text));
        }
        let (scope, mut content) = (find::scope(call), Vec::new());
        for number in 0..latest.parts {
            let part = call.tx.get::<Part>(&scope, &number.to_string()).await.or_internal()?;
            let part = part.ok_or_else(|| Failure::internal("a part of the report is missing"))?;
            content.extend_from_slice(part.0.as_bytes());
        }
        Ok(GetCredentialReportResponse {
            content: Some(Blob::new(content)),
            report_format: Some(ReportFormatType::TextCsv),
            generated_time: Some(latest.made),
        })
    }
}

async fn latest(call: &mut Call) -> Result<Option<Arc<Report>>, Failure> {
    let (scope, account) = (find::scope(call), call.account());
    call.tx.get::<Report>(&scope, account.as_str()).await.or_internal()
}

/// Keeps the report in parts, since it may be larger than a record.
fn keep(call: &mut Call, text: &str) -> Result<(), Failure> {
    let (scope, account) = (find::scope(call), call.account());
    let mut parts = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(rest.floor_char_boundary(PART_BYTES));
        call.tx.put(&scope, &parts.to_string(), &Part(part.to_owned())).or_internal()?;
        (rest, parts) = (behind, parts + 1);
    }
    let made = call.now.trunc_seconds();
    call.tx.put(&scope, account.as_str(), &Report { made, parts }).or_internal()
}

/// What the rows are made from besides the users.
struct Sources {
    policy: Option<Arc<PasswordPolicy>>,
    uses: HashMap<String, LastUse>,
}

async fn report(call: &mut Call) -> Result<String, Failure> {
    let sources = Sources {
        policy: PasswordPolicy::of(call).await?,
        uses: access_keys::last_uses(call, None).await?,
    };
    let mut text = COLUMNS.join(",");
    text.push('\n');
    add(&mut text, &root_row(call, &sources).await?);
    for (_, user) in find::all::<User>(call).await? {
        add(&mut text, &user_row(call, &sources, &user).await?);
    }
    Ok(text)
}

async fn root_row(call: &mut Call, sources: &Sources) -> Result<Vec<String>, Failure> {
    let holder = Holder::root(call).await?;
    let created = match &holder {
        Holder::Root(root) => root.created,
        Holder::User(_) => None,
    };
    let mut row = vec!["<root_account>".to_owned(), call.account().root_arn(), moment(created)];
    row.extend([UNSUPPORTED, UNKNOWN, UNSUPPORTED, UNSUPPORTED].map(str::to_owned));
    row.push(truth(!holder.mfa_devices().is_empty()));
    let keys = access_keys::of(call, holder.access_keys()).await?;
    row.extend(key_columns(sources, &keys));
    row.extend(certificate_columns(&[]));
    Ok(row)
}

async fn user_row(call: &Call, sources: &Sources, user: &User) -> Result<Vec<String>, Failure> {
    let password = user.password.as_ref();
    let expiry = sources.policy.as_ref().zip(password);
    let expiry = expiry.and_then(|(policy, password)| policy.expiry(password));
    let mut row = vec![
        user.name.clone(),
        ids::arn(call.account(), "user", &user.path, &user.name),
        moment(Some(user.created)),
        truth(password.is_some()),
        if password.is_some() { UNKNOWN } else { NONE }.to_owned(),
        moment(password.map(|password| password.changed)),
        moment(expiry),
        truth(!user.mfa_devices.is_empty()),
    ];
    let keys = access_keys::of(call, &user.access_keys).await?;
    row.extend(key_columns(sources, &keys));
    row.extend(certificate_columns(&signing_certificates::of(call, user).await?));
    Ok(row)
}

fn key_columns(sources: &Sources, keys: &[(String, Arc<AccessKey>)]) -> Vec<String> {
    let columns = |key: Option<&(String, Arc<AccessKey>)>| {
        let last = key.and_then(|(id, _)| sources.uses.get(id));
        [
            truth(key.is_some_and(|(_, key)| key.status == Status::Active)),
            moment(key.map(|(_, key)| key.created)),
            moment(last.map(|last| last.at)),
            last.map_or(NONE, |last| &last.region).to_owned(),
            last.map_or(NONE, |last| &last.service).to_owned(),
        ]
    };
    [keys.first(), keys.get(1)].into_iter().flat_map(columns).collect()
}

fn certificate_columns(certificates: &[Arc<SigningCertificate>]) -> Vec<String> {
    let columns = |certificate: Option<&Arc<SigningCertificate>>| {
        [
            truth(certificate.is_some_and(|certificate| certificate.is_active())),
            moment(certificate.map(|certificate| certificate.uploaded)),
        ]
    };
    [certificates.first(), certificates.get(1)].into_iter().flat_map(columns).collect()
}

/// Adds a row, with quotes (RFC 4180) where a name or path has what separates.
fn add(text: &mut String, row: &[String]) {
    for (index, field) in row.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if field.contains([',', '"']) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
        }
    }
    text.push('\n');
}

fn truth(holds: bool) -> String {
    if holds { "TRUE" } else { "FALSE" }.to_owned()
}

fn moment(at: Option<Timestamp>) -> String {
    let text = at.map(|at| at.trunc_seconds().rfc3339().replace('Z', "+00:00"));
    text.unwrap_or_else(|| NONE.to_owned())
}
