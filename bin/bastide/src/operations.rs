//! `bastide operations`: what is served, from the tables that serve it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use platform::Service;
use serde_json::json;

/// What to list and how.
#[derive(Parser)]
pub(crate) struct Options {
    /// Only this service
    service: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print the authorization facts of the operations that are served, in JSON: action, resource types, condition keys
    #[arg(long, conflicts_with_all = ["json", "markdown", "unimplemented"])]
    facts: bool,
    /// Print Markdown tables, as they stand in the README
    #[arg(long)]
    markdown: bool,
    /// Only the operations that are not served
    #[arg(long)]
    unimplemented: bool,
}

/// Prints the list.
pub(crate) fn run(options: &Options) -> ExitCode {
    // Listing needs no keys, but services are made on a keyring: this one is forgotten at once.
    let keyring = match keyring::Keyring::ephemeral() {
        Ok(keyring) => Arc::new(keyring),
        Err(error) => {
            eprintln!("bastide: {error}");
            return ExitCode::FAILURE;
        }
    };
    let kms = kms::Deps { keyring, nitro_root: None, proxies: None };
    let services: Vec<Service> = crate::serve::services(kms, sts::Deps { outbound: None })
        .into_iter()
        .filter(|s| options.service.as_deref().is_none_or(|name| name == s.schema().name))
        .collect();
    if services.is_empty() {
        eprintln!("bastide: no such service; `bastide operations` lists them all");
        return ExitCode::from(2);
    }
    let text = if options.facts {
        as_facts(&services)
    } else if options.json {
        as_json(&services, options.unimplemented)
    } else if options.markdown {
        as_markdown(&services, options.unimplemented)
    } else {
        as_text(&services, options.unimplemented)
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

struct Row {
    operation: &'static str,
    action: Option<&'static str>,
}

fn rows(service: &Service, unimplemented: bool) -> Vec<Row> {
    let action = |name: &str| {
        service
            .served()
            .find(|(operation, _)| operation.name == name)
            .map(|(_, facts)| facts.action)
    };
    let operations = service.schema().operations.iter();
    let rows = operations.map(|o| Row { operation: o.name, action: action(o.name) });
    rows.filter(|row| !(unimplemented && row.action.is_some())).collect()
}

fn as_text(services: &[Service], unimplemented: bool) -> String {
    let mut out = String::new();
    for service in services {
        for row in rows(service, unimplemented) {
            let state = if row.action.is_some() { "served" } else { "not yet" };
            let name = service.schema().name;
            let _ = writeln!(out, "{name:<12} {:<44} {state}", row.operation);
        }
    }
    out
}

fn as_json(services: &[Service], unimplemented: bool) -> String {
    let list: Vec<_> = services
        .iter()
        .flat_map(|service| {
            rows(service, unimplemented).into_iter().map(move |row| {
                json!({
                    "service": service.schema().name,
                    "operation": row.operation,
                    "served": row.action.is_some(),
                    "action": row.action,
                })
            })
        })
        .collect();
    format!("{}\n", json!(list))
}

fn as_facts(services: &[Service]) -> String {
    let mut list = Vec::new();
    for service in services {
        for (operation, facts) in service.served() {
            list.push(json!({
                "service": service.schema().name,
                "operation": operation.name,
                "action": facts.action,
                "resourceTypes": facts.resource_types,
                "conditionKeys": facts.condition_keys,
                "access": if facts.read_only { "read" } else { "write" },
                "unsigned": facts.unsigned,
                "free": facts.free,
            }));
        }
    }
    format!("{}\n", json!(list))
}

fn as_markdown(services: &[Service], unimplemented: bool) -> String {
    let mut out = String::from(if unimplemented {
        "| Service | Operations that are not served yet |\n|---|---|\n"
    } else {
        "| Service | Served | Of | Operations |\n|---|---:|---:|---|\n"
    });
    for service in services {
        let id = service.schema().sdk_id;
        let names: Vec<_> = rows(service, unimplemented)
            .into_iter()
            .filter(|row| row.action.is_some() != unimplemented)
            .map(|row| row.operation)
            .collect();
        let list = names.join(", ");
        let _ = if unimplemented {
            writeln!(out, "| {id} | {list} |")
        } else {
            let all = service.schema().operations.len();
            writeln!(out, "| {id} | {} | {all} | {list} |", names.len())
        };
    }
    out
}
