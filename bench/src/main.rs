//! Benchmarks of the running program: against a floor built here and a peer, in the same run, by ratio.
//!
//! Load comes over real sockets from this process; servers are processes of their own. A run proves that the work was
//! done: every answer is counted by status, and sampled ciphertexts are decrypted.
#![allow(clippy::print_stdout, reason = "printing is what a benchmark does")]

mod caller;
mod floor;
mod kms;
mod ledger;
mod load;
mod weight;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Benchmarks of Bastide.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// KMS operations by rate, beside a bare server and moto
    Kms(kms::Options),
    /// Start-up time, idle memory and size of the program
    Weight(weight::Options),
    /// Serve the floor (used by `kms`)
    #[command(hide = true)]
    Floor {
        /// Put a record on disk before each answer
        #[arg(long)]
        durable: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Kms(options) => kms::run(&options),
        Command::Weight(options) => weight::run(&options),
        Command::Floor { durable } => floor::run(durable),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
