//! `bench kms`: rates of KMS calls of 64 bytes over eight signed keep-alive connections.

use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use client::{Access, Failure, Server, Service};
use serde_json::{Value, json};

use crate::caller;
use crate::load::{self, Outcome};

/// Bytes that are encrypted, signed or asked for.
const PLAINTEXT_BYTES: usize = 64;
/// Different requests that take turns.
const VARIANTS: usize = 256;

/// How to run.
#[derive(Parser)]
pub(crate) struct Options {
    /// Seconds a measurement
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Rounds; floors and Bastide take turns, and the median ratio counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Leave moto out
    #[arg(long)]
    no_peer: bool,
    /// Fail if Encrypt falls below this share of the floor
    #[arg(long)]
    at_least: Option<f64>,
    /// Fail if a user with ten policies of twenty statements falls below this share of the root user
    #[arg(long)]
    user_at_least: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the benchmark and prints a table.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(options))
}

struct Row {
    server: &'static str,
    operation: &'static str,
    outcome: Outcome,
}

async fn measure(options: &Options) -> Result<(), Failure> {
    let floor = start_floor(&["floor"])?;
    let durable_floor = start_floor(&["floor", "--durable"])?;
    let bastide = Server::production()?;
    let length = Duration::from_secs(options.seconds);
    let subject = Subject::prepare(&bastide).await?;
    let encrypt = subject.requests("Encrypt")?;
    let by_user = subject.requests_of(&caller::make(&subject.access).await?, "Encrypt")?;
    load::run(&bastide.address, by_user, options.connections, Duration::from_secs(1)).await?;
    load::run(&bastide.address, encrypt, options.connections, Duration::from_secs(1)).await?;

    let mut ratios = Ratios::default();
    let mut rows = Vec::new();
    for _ in 0..options.rounds {
        let mut rates = Vec::new();
        for (server, name, requests) in [
            (&floor, "floor", encrypt),
            (&durable_floor, "durable", encrypt),
            (&bastide, "user", by_user),
            (&bastide, "bastide", encrypt),
        ] {
            let outcome = load::run(&server.address, requests, options.connections, length).await?;
            require_good(&outcome)?;
            rates.push(outcome.rate());
            rows.push(Row { server: name, operation: "Encrypt", outcome });
        }
        let [floor, durable, user, ours] = rates[..] else { return Err("a round of four".into()) };
        ratios.of_root.push(user / ours);
        ratios.of_floor.push(ours / floor);
        ratios.of_durable.push(ours / durable);
        let last = rows.last().ok_or("no row")?;
        subject.prove(&bastide, &last.outcome).await?;
    }
    for operation in ["Decrypt", "GenerateDataKey", "Sign", "DescribeKey"] {
        let requests = subject.requests(operation)?;
        let outcome = load::run(&bastide.address, requests, options.connections, length).await?;
        require_good(&outcome)?;
        rows.push(Row { server: "bastide", operation, outcome });
    }
    if !options.no_peer {
        match moto()? {
            None => {
                eprintln!("bench: moto_server is not installed, so there is no peer in this run")
            }
            Some(moto) => {
                let subject = Subject::prepare(&moto).await?;
                for operation in ["Encrypt", "GenerateDataKey", "Sign", "DescribeKey"] {
                    let requests = subject.requests(operation)?;
                    let outcome =
                        load::run(&moto.address, requests, options.connections, length).await?;
                    rows.push(Row { server: "moto", operation, outcome });
                }
            }
        }
    }

    let ratio = median(&mut ratios.of_floor)?;
    let of_durable = median(&mut ratios.of_durable)?;
    let of_root = median(&mut ratios.of_root)?;
    if options.json {
        println!("{}", as_json(&rows, ratio, of_durable, of_root));
    } else {
        print_table(&rows, ratio, of_durable, of_root);
    }
    match (options.at_least, options.user_at_least) {
        (Some(least), _) if ratio < least => {
            Err(format!("Encrypt reached {ratio:.2} of the floor, less than {least}").into())
        }
        (_, Some(least)) if of_root < least => {
            Err(format!("a user reached {of_root:.2} of the root user, less than {least}").into())
        }
        _ => Ok(()),
    }
}

/// Bastide's rate over that of each floor, and a user's over the root user's, by round.
#[derive(Default)]
struct Ratios {
    of_root: Vec<f64>,
    of_floor: Vec<f64>,
    of_durable: Vec<f64>,
}

fn median(ratios: &mut [f64]) -> Result<f64, Failure> {
    ratios.sort_by(f64::total_cmp);
    Ok(ratios.get(ratios.len() / 2).copied().ok_or("no round was run")?)
}

/// This program as a floor.
fn start_floor(arguments: &[&str]) -> Result<Server, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    Server::start(command)
}

/// `moto_server`, if this machine has it; `BASTIDE_MOTO_SERVER` names the program.
fn moto() -> Result<Option<Server>, Failure> {
    let program = std::env::var_os("BASTIDE_MOTO_SERVER").unwrap_or_else(|| "moto_server".into());
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = Command::new(program);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    Ok(Server::silent(command, format!("127.0.0.1:{port}")))
}

fn require_good(outcome: &Outcome) -> Result<(), Failure> {
    if outcome.bad > 0 || outcome.good == 0 {
        return Err(format!("{} answers were not 200", outcome.bad).into());
    }
    Ok(())
}

/// Keys made for the run, and the requests that use them, signed in advance.
struct Subject {
    access: Access,
    key: String,
    signing_key: String,
    ciphertext: String,
}

impl Subject {
    async fn prepare(server: &Server) -> Result<Self, Failure> {
        let access = Access::to(server);
        let key = create_key(&access, json!({})).await?;
        let spec = json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" });
        let signing_key = create_key(&access, spec).await?;
        let input = json!({ "KeyId": key, "Plaintext": STANDARD.encode(plaintext(0)) });
        let output = access.call(Service::KMS, "Encrypt", &input).await?;
        let ciphertext = text(&output, "CiphertextBlob")?;
        Ok(Self { access, key, signing_key, ciphertext })
    }

    /// Signed requests, kept for as long as the process lives: load tasks borrow them without counting references.
    fn requests(&self, operation: &str) -> Result<&'static [Vec<u8>], Failure> {
        self.requests_of(&self.access, operation)
    }

    /// The same by somebody else.
    fn requests_of(&self, access: &Access, operation: &str) -> Result<&'static [Vec<u8>], Failure> {
        let signed = |index| access.signed(Service::KMS, operation, &self.input(operation, index));
        let all = (0..VARIANTS).map(signed).collect::<Result<Vec<_>, _>>()?;
        Ok(Box::leak(all.into_boxed_slice()))
    }

    fn input(&self, operation: &str, index: usize) -> Value {
        let data = STANDARD.encode(plaintext(index));
        match operation {
            "Encrypt" => json!({ "KeyId": self.key, "Plaintext": data }),
            "Decrypt" => json!({ "CiphertextBlob": self.ciphertext }),
            "GenerateDataKey" => json!({ "KeyId": self.key, "KeySpec": "AES_256" }),
            "Sign" => json!({
                "KeyId": self.signing_key, "Message": data, "SigningAlgorithm": "ECDSA_SHA_256",
            }),
            _ => json!({ "KeyId": self.key }),
        }
    }

    /// Decrypts the sampled ciphertexts and compares them with what was sent.
    async fn prove(&self, server: &Server, outcome: &Outcome) -> Result<(), Failure> {
        if outcome.samples.is_empty() {
            return Err("no ciphertext was sampled".into());
        }
        for (index, body) in &outcome.samples {
            let answer: Value = serde_json::from_slice(body)?;
            let input = json!({ "CiphertextBlob": text(&answer, "CiphertextBlob")? });
            let decrypted = self.access.call(Service::KMS, "Decrypt", &input).await?;
            if text(&decrypted, "Plaintext")? != STANDARD.encode(plaintext(*index)) {
                return Err(format!("{}: an answer does not decrypt", server.address).into());
            }
        }
        Ok(())
    }
}

async fn create_key(access: &Access, input: Value) -> Result<String, Failure> {
    let output = access.call(Service::KMS, "CreateKey", &input).await?;
    text(&output["KeyMetadata"], "KeyId")
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    Ok(value[name].as_str().ok_or_else(|| format!("no {name} in the answer"))?.to_owned())
}

fn plaintext(index: usize) -> [u8; PLAINTEXT_BYTES] {
    let mut bytes = [0; PLAINTEXT_BYTES];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = (index * 31 + place * 7) as u8;
    }
    bytes
}

fn print_table(rows: &[Row], ratio: f64, of_durable: f64, of_root: f64) {
    println!(
        "{:<9} {:<16} {:>10} {:>9} {:>9} {:>7}",
        "server", "operation", "calls/s", "p50 µs", "p99 µs", "failed"
    );
    for Row { server, operation, outcome } in rows {
        println!(
            "{server:<9} {operation:<16} {:>10.0} {:>9} {:>9} {:>7}",
            outcome.rate(),
            outcome.quantile(0.5),
            outcome.quantile(0.99),
            outcome.bad,
        );
    }
    println!(
        "Encrypt, median of the rounds: {ratio:.2} of the floor, {of_durable:.2} of the durable floor; sampled ciphertexts decrypt"
    );
    println!("A user with ten policies of twenty statements: {of_root:.3} of the root user");
}

fn as_json(rows: &[Row], ratio: f64, of_durable: f64, of_root: f64) -> Value {
    let row = |row: &Row| {
        json!({
            "server": row.server,
            "operation": row.operation,
            "callsPerSecond": row.outcome.rate(),
            "p50Micros": row.outcome.quantile(0.5),
            "p99Micros": row.outcome.quantile(0.99),
            "failed": row.outcome.bad,
        })
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    json!({
        "rows": rows,
        "encryptOfFloor": ratio,
        "encryptOfDurableFloor": of_durable,
        "userOfRoot": of_root,
    })
}
