//! The one program. It reads the command line and wires the parts together; whatever decides anything lives on a floor below.

mod operations;
mod scan;
mod serve;

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
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "bastide", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
