//! `bastide explain`: why a call was refused, asked of the running server as any AWS client would.
//!
//! The call is found by its request id in CloudTrail's event history, and the reasons that its record bears are decoded by
//! `sts:DecodeAuthorizationMessage`; the caller needs permission for both. Nothing here reads the server's store.

mod client;
mod report;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};

use crate::Failure;
use client::Client;
use report::Report;
pub(crate) use report::line;

/// Pages of fifty events that are looked through at most: a hundred thousand events.
const PAGES_MAX: usize = 2000;

/// Whose refusal to explain, and how.
#[derive(Parser)]
#[command(after_help = "\
Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. They need cloudtrail:LookupEvents and \
sts:DecodeAuthorizationMessage in the account of whoever was refused.

Exit codes: 0 the refusal is explained, 1 there is no such call or it was not refused by policies, 2 a wrong command line.")]
pub(crate) struct Options {
    /// The id of the refused request, as clients show it (RequestId, x-amzn-RequestId)
    request_id: String,
    /// Where Bastide listens
    #[arg(long, env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    endpoint_url: String,
    /// The Region that the request was sent to: each has its own records
    #[arg(long, env = "AWS_REGION")]
    region: Option<String>,
    /// Certificates in PEM that are trusted besides the system's
    #[arg(long, env = "AWS_CA_BUNDLE", value_name = "FILE")]
    ca_bundle: Option<std::path::PathBuf>,
    /// Print JSON, as into a pipe
    #[arg(long, conflicts_with = "text")]
    json: bool,
    /// Print text, as on a terminal
    #[arg(long)]
    text: bool,
}

/// Explains.
pub(crate) fn run(options: &Options) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let explained = match runtime {
        Ok(runtime) => runtime.block_on(explain(options)),
        Err(error) => Err(error.into()),
    };
    let report = match explained {
        Ok(report) => report,
        Err(error) => return crate::fail(error.as_ref()),
    };
    let mut out = std::io::stdout();
    let terminal = out.is_terminal();
    let text = if options.json || !(options.text || terminal) {
        format!("{:#}\n", report.to_json())
    } else {
        report.to_text(terminal && std::env::var_os("NO_COLOR").is_none())
    };
    match out.write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn explain(options: &Options) -> Result<Report, Failure> {
    let client = Client::new(options)?;
    let event = find(&client, options).await?;
    let id = &options.request_id;
    let message = event["additionalEventData"]["encodedAuthorizationMessage"].as_str();
    let Some(message) = message else {
        let name = event["eventName"].as_str().unwrap_or_default();
        return Err(match event["errorCode"].as_str() {
            None => format!("request {id}, {name}, succeeded: there is nothing to explain"),
            Some(code) => {
                let said = event["errorMessage"].as_str().unwrap_or_default();
                format!("request {id}, {name}, was not refused by policies. It failed with {code}: {said}")
            }
        }
        .into());
    };
    let decoded = client.decode(message).await?;
    Ok(Report::new(&event, serde_json::from_str(&decoded)?))
}

/// The audit record of the request, the newest events first.
async fn find(client: &Client, options: &Options) -> Result<Value, Failure> {
    let mut input = json!({ "MaxResults": 50 });
    for _ in 0..PAGES_MAX {
        let page = client.lookup_events(&input).await?;
        for event in page["Events"].as_array().into_iter().flatten() {
            let record = event["CloudTrailEvent"].as_str().unwrap_or_default();
            if record.contains(&options.request_id) {
                let record: Value = serde_json::from_str(record)?;
                if record["requestID"] == options.request_id.as_str() {
                    return Ok(record);
                }
            }
        }
        match page.get("NextToken").filter(|token| !token.is_null()) {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    let (id, region) = (&options.request_id, client.region());
    Err(format!(
        "there is no record of request {id} in {region} for this account; other Regions have records of their own (--region)"
    )
    .into())
}
