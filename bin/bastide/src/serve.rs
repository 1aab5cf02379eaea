//! `bastide serve`: opens the keyring and the store, puts the services on the platform and listens.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use base::{AccountId, Region, clock, random};
use clap::{Parser, ValueEnum};
use keyring::Keyring;
use platform::{Control, Mode, Parts, Platform, Server, Service, outbound};
use store::{Store, StoreConfig};

use crate::Failure;

/// Where the root key stands in the data folder.
const ROOT_KEY_FILE: &str = "root.key";
/// Where the certificate of Bastide's own authority is put for clients to trust.
const AUTHORITY_FILE: &str = "ca.pem";

/// How to serve.
#[derive(Parser)]
pub(crate) struct Options {
    /// Dev mode: an unknown access key acts as the root user of its account
    ///
    /// Twelve digits as the access key id name the account; any other unknown key means the default account. Identities made
    /// through the API are enforced as in production. Plain HTTP, loopback only; the clock can be moved and the
    /// state reset through /_bastide/.
    #[arg(long)]
    dev: bool,
    /// Address to listen on; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:4566", env = "BASTIDE_LISTEN")]
    listen: SocketAddr,
    /// Folder for state and the root key; created if absent
    #[arg(long, env = "BASTIDE_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Keep state in this PostgreSQL database instead of the data folder (postgres://user:password@host/name)
    #[arg(long, env = "BASTIDE_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Region of requests that name none
    #[arg(long, default_value = "us-east-1", env = "BASTIDE_REGION")]
    region: Region,
    /// Default account in dev mode; the account whose root credentials the first start creates otherwise
    #[arg(long, default_value = "123456789012", env = "BASTIDE_ACCOUNT_ID")]
    account_id: AccountId,
    /// Derive the root key from the passphrase in this file instead of keeping it in the data folder
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Certificate chain in PEM; without it Bastide's own authority issues one
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// Private key in PEM for --tls-certificate
    #[arg(long, requires = "tls_certificate", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Host name that the issued certificate is for, besides localhost; repeatable
    #[arg(long, value_name = "NAME")]
    tls_name: Vec<String>,
    /// Plain HTTP in production mode, for a proxy on this machine that ends TLS; loopback only
    #[arg(long, conflicts_with_all = ["tls_certificate", "dev"])]
    no_tls: bool,
    /// Root certificate in PEM or DER that attestation documents (KMS Recipient) must lead to
    #[arg(long, value_name = "FILE")]
    attestation_root: Option<PathBuf>,
    /// Certificates in PEM that are trusted, besides the system's, when Bastide asks other systems
    #[arg(long, value_name = "FILE")]
    outbound_root: Option<PathBuf>,
    /// Where a host that Bastide asks really is: name=host:port, or name=http://127.0.0.1:port; repeatable
    ///
    /// AWS's external key store proxies listen on port 443 of their name; this lets one listen elsewhere. The host's
    /// certificate must still bear its name. Plain HTTP is for loopback only.
    #[arg(long, value_name = "ROUTE")]
    outbound_route: Vec<outbound::Route>,
    /// How long to wait for an external key store proxy, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 250)]
    xks_timeout: u64,
    /// What to log: off, error, warn, info, debug, or tracing directives such as platform=debug
    #[arg(long, default_value = "info", env = "BASTIDE_LOG")]
    log: String,
    /// How to log
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Serves until the process is told to stop.
pub(crate) fn run(options: Options) -> ExitCode {
    start_log(&options);
    for gap in keyring::lockdown::lockdown() {
        tracing::warn!("{gap}");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return crate::fail(&error),
    };
    match runtime.block_on(serve(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => crate::fail(error.as_ref()),
    }
}

/// All services, on their parts.
pub(crate) fn services(kms: kms::Deps, sts: sts::Deps) -> Vec<Service> {
    vec![
        cloudtrail::service(),
        iam::service(),
        kms::service(kms),
        organizations::service(),
        ssm::service(),
        sts::service(sts),
    ]
}

async fn serve(options: &Options) -> Result<(), Failure> {
    let plain = options.dev || options.no_tls;
    if plain && !options.listen.ip().is_loopback() {
        return Err(
            "without TLS Bastide listens on a loopback address only, such as 127.0.0.1:4566".into(),
        );
    }
    let folder = data_dir(options)?;
    let keyring = Arc::new(open_keyring(options, &folder)?);
    let config = match &options.database_url {
        Some(url) => StoreConfig::Postgres { url: url.clone() },
        None => StoreConfig::Sqlite { dir: folder.join("store") },
    };
    let store = Store::open(config).await?;
    platform::root_key::check(&store, &keyring).await?;
    let clock = Arc::new(clock::System::default());
    let nitro_root = read_optional(options.attestation_root.as_deref())?;
    let outbound = outbound::Config {
        extra_roots: options.outbound_root.clone(),
        routes: options.outbound_route.clone(),
    };
    let outbound = outbound::Client::new(outbound, clock.clone())?;
    let proxies = kms::Proxies {
        client: outbound.clone(),
        time_out: Duration::from_millis(options.xks_timeout),
    };
    let kms = kms::Deps { keyring: keyring.clone(), nitro_root, proxies: Some(proxies) };
    let mode = if options.dev { Mode::Dev(options.account_id) } else { Mode::Production };
    let parts = Parts {
        store: store.clone(),
        keyring: keyring.clone(),
        clock: clock.clone(),
        random: Arc::new(random::System),
        mode,
        region: options.region.clone(),
    };
    let platform = Platform::new(parts, services(kms, sts::Deps { outbound: Some(outbound) }));

    let tls = match (&options.tls_certificate, &options.tls_key) {
        _ if plain => None,
        (Some(certificate), Some(key)) => Some(platform::tls::from_files(certificate, key)?),
        _ => {
            let names = certificate_names(options);
            let (tls, authority) =
                platform::tls::self_issued(&store, &keyring, clock.clone(), names).await?;
            std::fs::write(folder.join(AUTHORITY_FILE), authority)?;
            Some(tls)
        }
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let control = Control::new(clock, env!("CARGO_PKG_VERSION"));
    let server = Server::bind(options.listen, tls, platform.clone(), control)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
    if !options.dev {
        show_root_credentials(&platform, options.account_id).await?;
    }
    let mut out = std::io::stdout();
    writeln!(out, "listening on {scheme}://{}", server.address()?)?;
    out.flush()?;

    let scheduler = tokio::spawn({
        let platform = platform.clone();
        async move { platform.run_scheduler().await }
    });
    server.run(stopped()).await;
    scheduler.abort();
    store.close().await;
    Ok(())
}

fn data_dir(options: &Options) -> Result<PathBuf, Failure> {
    let folder = match &options.data_dir {
        Some(folder) => folder.clone(),
        None => {
            let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
            let home =
                || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
            let base = base.or_else(home).ok_or("no home folder; choose one with --data-dir")?;
            base.join(if options.dev { "bastide-dev" } else { "bastide" })
        }
    };
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

fn open_keyring(options: &Options, folder: &Path) -> Result<Keyring, Failure> {
    let source = match &options.passphrase_file {
        None => keyring::Source::File { path: folder.join(ROOT_KEY_FILE) },
        Some(file) => {
            let bytes =
                std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            let passphrase = keyring::Secret::new(bytes);
            keyring::Source::Passphrase { header: folder.join(ROOT_KEY_FILE), passphrase }
        }
    };
    Ok(Keyring::open(&source)?)
}

fn certificate_names(options: &Options) -> Vec<String> {
    let mut names: Vec<String> =
        ["localhost", "*.localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let ip = options.listen.ip();
    if !ip.is_unspecified() && !ip.is_loopback() {
        names.push(ip.to_string());
    }
    names.extend(options.tls_name.iter().cloned());
    names
}

/// The only moment at which the secret is shown.
async fn show_root_credentials(platform: &Platform, account: AccountId) -> Result<(), Failure> {
    let now = platform.clock().now();
    let Some(root) = platform.credentials().create_root(account, &random::System, now).await?
    else {
        return Ok(());
    };
    let mut out = std::io::stdout();
    writeln!(out, "root credentials of account {account}, shown this once:")?;
    writeln!(out, "  aws_access_key_id     = {}", root.access_key_id)?;
    out.write_all(b"  aws_secret_access_key = ")?;
    out.write_all(root.secret_access_key.expose())?;
    writeln!(out)?;
    Ok(())
}

fn read_optional(file: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    let read =
        |file: &Path| std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()));
    Ok(file.map(read).transpose()?)
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping; calls under way may finish");
}

fn start_log(options: &Options) {
    let filter = tracing_subscriber::EnvFilter::try_new(&options.log).unwrap_or_else(|error| {
        eprintln!("bastide: --log {}: {error}; logging at info", options.log);
        tracing_subscriber::EnvFilter::new("info")
    });
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match options.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
