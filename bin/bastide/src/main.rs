//! The one program. It reads the command line and wires the parts together; whatever decides anything lives on a floor below.

mod authz_check;
mod explain;
mod operations;
mod scan;
mod serve;
mod waf;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// The AWS security and compliance suite, self-hosted.
///
/// Bastide answers AWS's own wire protocols, so the AWS CLI, the SDKs and the tools built on them work against it
/// unchanged. Start it with `bastide serve --dev` and point a client at http://127.0.0.1:4566.
#[derive(Parser)]
#[command(name = "bastide", version, propagate_version = true)]
#[command(after_help = "Exit codes: 0 success, 1 failure, 2 a wrong command line.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the AWS endpoints
    Serve(Box<serve::Options>),
    /// Find personal, financial and secret data in files and folders
    Scan(Box<scan::Options>),
    /// List the operations of every service and whether they are served
    Operations(operations::Options),
    /// Explain why a call was refused, by its request id
    Explain(explain::Options),
    /// Work with policies, offline
    Authz(authz_check::Options),
    /// Judge recorded requests by a Web ACL, and check Web ACLs, without a server
    Waf(waf::Options),
    /// Print completions for a shell, to be sourced by it
    ///
    /// For bash: `bastide completions bash > ~/.local/share/bash-completion/completions/bastide`
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => serve::run(*options),
        Command::Scan(options) => scan::run(&options),
        Command::Operations(options) => operations::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Authz(options) => authz_check::run(&options),
        Command::Waf(options) => waf::run(&options),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "bastide", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}

/// Why a command came to nothing.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Says what went wrong, with its causes.
fn fail(error: &dyn std::error::Error) -> ExitCode {
    let mut text = format!("bastide: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    eprintln!("{text}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
