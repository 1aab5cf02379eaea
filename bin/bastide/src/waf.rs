//! `bastide waf`: a Web ACL against recorded requests, and the check of a Web ACL, without a server.

mod requests;
mod table;

use std::io::{IsTerminal as _, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base::Clock as _;
use clap::{Parser, Subcommand, ValueEnum};
use serde_json::json;
use waf::{
    Action, Document, Matcher, MaxMind, Options as WafOptions, References, SearchStrings, Sliding,
    WebAcl, World,
};

use requests::Recorded;

/// Exit code when a request would not pass, or a document is not valid.
const REFUSED: u8 = 3;

/// Judge requests by a Web ACL, offline.
#[derive(Parser)]
#[command(
    after_help = "Exit codes: 0 every request passes (test) or every document is valid (check), 1 failure, 2 a wrong command line, \
    3 a request would not pass or a document is not valid."
)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell which rule would do what with recorded requests, and why
    ///
    /// Requests come from a HAR file, from raw HTTP/1.1 requests one after the other, or from an access log in the combined format. A table
    /// on a terminal; otherwise a JSON object a line, in the form of AWS's WAF log.
    Test(Box<Test>),
    /// Validate Web ACLs and rule groups and print their WCUs
    Check(Check),
}

#[derive(Parser)]
struct Test {
    /// The Web ACL in JSON, as `aws wafv2 get-web-acl` prints it or `create-web-acl` takes it
    acl: PathBuf,
    /// The requests
    #[arg(long)]
    requests: PathBuf,
    /// How the requests are recorded
    #[arg(long, value_enum, default_value_t)]
    format: requests::Format,
    /// The client of requests whose record does not name one
    #[arg(long, default_value = "127.0.0.1")]
    client_ip: IpAddr,
    /// A database of countries or cities in MaxMind's format
    #[arg(long)]
    geo: Option<PathBuf>,
    /// A database of autonomous systems in MaxMind's format
    #[arg(long)]
    asn: Option<PathBuf>,
    /// Bytes of a body that are inspected
    #[arg(long, default_value_t = waf::request::BODY_BYTES_INSPECTED_DEFAULT)]
    body_bytes: usize,
    /// Print JSON on a terminal too
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Parser)]
struct Check {
    /// Web ACLs and rule groups in JSON
    #[arg(required = true)]
    documents: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Parser)]
struct Reading {
    /// What the Web ACL refers to: IP sets, pattern sets and rule groups in JSON, by the ARN in them; `ARN=FILE` gives another
    #[arg(long = "reference", value_name = "[ARN=]FILE")]
    references: Vec<String>,
    /// How SearchString stands in the documents: as the API's base64, or as text as in the console's rule editor
    #[arg(long, value_enum, default_value_t)]
    search_strings: SearchStringsOption,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum SearchStringsOption {
    #[default]
    Base64,
    Text,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> ExitCode {
    let done = match &options.command {
        Command::Test(test) => self::test(test),
        Command::Check(check) => self::check(check),
    };
    done.unwrap_or_else(|message| {
        eprintln!("bastide: {message}");
        ExitCode::FAILURE
    })
}

fn test(options: &Test) -> Result<ExitCode, String> {
    let acl = match options.reading.document(&options.acl)? {
        Document::WebAcl(acl) => acl,
        _ => return Err(format!("{} is no Web ACL", options.acl.display())),
    };
    let references = options.reading.references()?;
    let settings = WafOptions { body_bytes: options.body_bytes, ..WafOptions::default() };
    let matcher = match Matcher::compile(&acl, &references, &settings) {
        Ok(matcher) => matcher,
        Err(error) => {
            eprintln!("bastide: {}: {error}", options.acl.display());
            return Ok(ExitCode::from(REFUSED));
        }
    };
    let places = MaxMind::open(options.geo.as_deref(), options.asn.as_deref())
        .map_err(|error| with_source(&error))?;
    let recorded = read(&options.requests)?;
    let now = base::clock::System::default().now();
    let recorded = requests::parse(&recorded, options.format, options.client_ip, now)
        .map_err(|error| format!("{}: {error}", options.requests.display()))?;
    let rates = Sliding::new(Sliding::CAPACITY_DEFAULT);
    let out = std::io::stdout();
    let as_table = out.is_terminal() && !options.json;
    let mut rows = Vec::new();
    let mut out = std::io::BufWriter::new(out.lock());
    let mut refused = 0_usize;
    for one in &recorded {
        let world = World { now: one.at, rates: &rates, places: &places, token_key: None };
        let verdict = matcher.evaluate(&one.request(), &world);
        refused += usize::from(verdict.action != Action::Allow);
        if as_table {
            rows.push(table::row(one, &verdict));
        } else {
            writeln!(out, "{}", record(one, &verdict, &acl)).map_err(|error| error.to_string())?;
        }
    }
    if as_table {
        let summary = format!("{} requests, {refused} would not pass", recorded.len());
        writeln!(out, "{}{summary}", table::print(&rows)).map_err(|error| error.to_string())?;
    }
    out.flush().map_err(|error| error.to_string())?;
    Ok(if refused > 0 { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

/// A line of the log: what the engine tells, and the request.
fn record(one: &Recorded, verdict: &waf::Verdict, acl: &WebAcl) -> serde_json::Value {
    let mut record = verdict.log();
    let request = one.request();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers =
        request.headers.iter().map(|(name, value)| json!({"name": name, "value": text(value)}));
    record["timestamp"] = json!(one.at.millis());
    record["webaclId"] = json!(if acl.arn.is_empty() { &acl.name } else { &acl.arn });
    record["httpRequest"] = json!({
        "clientIp": request.client_ip.to_string(),
        "headers": headers.collect::<Vec<_>>(),
        "uri": text(request.path),
        "args": text(request.query),
        "httpVersion": request.version,
        "httpMethod": request.method,
        "requestId": one.id,
    });
    record["matches"] = table::reasons(verdict)
        .into_iter()
        .map(|(rule, action, finding)| json!({"rule": rule, "action": action, "why": finding}))
        .collect();
    record
}

fn check(options: &Check) -> Result<ExitCode, String> {
    let references = options.reading.references()?;
    let mut valid = true;
    let mut out = String::new();
    for path in &options.documents {
        let shown = path.display();
        match options.reading.document(path) {
            Ok(document) => {
                let (name, wcu) = match &document {
                    Document::WebAcl(acl) => {
                        let compiled = Matcher::compile(acl, &references, &WafOptions::default());
                        (
                            format!("Web ACL {}", acl.name),
                            compiled.map(|matcher| matcher.capacity()),
                        )
                    }
                    Document::RuleGroup(group) => {
                        let wcu = waf::validate::rule_group(group, &references)
                            .and_then(|()| waf::capacity::of_rule_group(group, &references));
                        (format!("rule group {}", group.name), wcu)
                    }
                    Document::IPSet(set) => (format!("IP set {}", set.name), Ok(0)),
                    Document::RegexPatternSet(set) => (format!("pattern set {}", set.name), Ok(0)),
                };
                match wcu {
                    Ok(wcu) => {
                        let dear = if wcu > waf::capacity::WEB_ACL_WCU_BASIC {
                            format!(
                                ", more than the {} of the basic price",
                                waf::capacity::WEB_ACL_WCU_BASIC
                            )
                        } else {
                            String::new()
                        };
                        out.push_str(&format!("{shown}: {name} is valid, {wcu} WCUs{dear}\n"));
                    }
                    Err(error) => {
                        valid = false;
                        out.push_str(&format!("{shown}: {name} is not valid: {error}\n"));
                    }
                }
            }
            Err(error) => {
                valid = false;
                out.push_str(&format!("{error}\n"));
            }
        }
    }
    std::io::stdout().write_all(out.as_bytes()).map_err(|error| error.to_string())?;
    Ok(if valid { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

impl Reading {
    fn document(&self, path: &Path) -> Result<Document, String> {
        let text = read(path)?;
        let text =
            String::from_utf8(text).map_err(|_| format!("{} is not UTF-8", path.display()))?;
        let search_strings = match self.search_strings {
            SearchStringsOption::Base64 => SearchStrings::Base64,
            SearchStringsOption::Text => SearchStrings::Text,
        };
        Document::parse(&text, search_strings).map_err(|error| {
            let hint = match error.to_string().contains("SearchString is not base64") {
                true => " (--search-strings text reads it as it stands)",
                false => "",
            };
            format!("{}: {error}{hint}", path.display())
        })
    }

    fn references(&self) -> Result<References, String> {
        let mut references = References::default();
        for given in &self.references {
            let (arn, path) = match given.split_once('=') {
                Some((arn, path)) => (Some(arn), path),
                None => (None, given.as_str()),
            };
            let name = |own: &str| -> Result<String, String> {
                let name = arn.unwrap_or(own);
                if name.is_empty() {
                    return Err(format!("{path} has no ARN: give it as ARN={path}"));
                }
                Ok(name.to_owned())
            };
            match self.document(Path::new(path))? {
                Document::IPSet(set) => {
                    references.ip_sets.insert(name(&set.arn)?, *set);
                }
                Document::RegexPatternSet(set) => {
                    references.regex_pattern_sets.insert(name(&set.arn)?, *set);
                }
                Document::RuleGroup(group) => {
                    references.rule_groups.insert(name(&group.arn)?, *group);
                }
                Document::WebAcl(_) => {
                    return Err(format!("{path} is a Web ACL, which nothing refers to"));
                }
            }
        }
        Ok(references)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
