//! Requests that leave: an HTTPS client for services that ask other systems, such as an external key store proxy.
//!
//! Every exchange has a hard time-out and a limit on the answer. Certificates are checked against the system's roots and
//! those of one further file. Plain HTTP goes to loopback only, and only where a [`Route`] says so: for tests, and for
//! sidecars that do TLS themselves. HTTP/2, redirects, cookies and proxies are absent.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base::Timestamp;
use base::clock::{Clock, Stopwatch};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use wire::{Request, Response};

pub use route::{InvalidRoute, Route};

mod route;

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;
/// Connections to one host that are kept for the next request.
const IDLE_MAX: usize = 16;
/// How long an unused connection is kept.
const IDLE_TIME: Duration = Duration::from_secs(30);
/// Bytes of an answer's head at most.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// Header fields of an answer at most.
const HEADERS_MAX: usize = 64;

/// How the client reaches others.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Certificates in PEM that are trusted besides the system's.
    pub extra_roots: Option<PathBuf>,
    /// Hosts that are not where their names say.
    pub routes: Vec<Route>,
}

/// Limits of one exchange.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the start, connecting included, to the last byte of the answer.
    pub time_out: Duration,
    /// Largest body of an answer, in bytes.
    pub max_bytes: usize,
    /// Whether the request may arrive twice: then it is sent again when a kept connection breaks under it.
    pub repeatable: bool,
}

/// Why there is no client, or no answer.
#[derive(Debug, Error)]
pub enum Error {
    /// The file with further roots cannot be read.
    #[error("{path} cannot be read as certificates in PEM")]
    Roots {
        /// Which file.
        path: String,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// TLS cannot be configured.
    #[error("TLS cannot be configured")]
    Configuration(#[source] rustls::Error),
    /// The host's name does not resolve, or nothing accepts a connection there.
    #[error("{host} is not reachable")]
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// No TLS with this host: its certificate is not trusted or not its own, or versions do not meet.
    #[error("TLS with {host} failed")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// The time was over first.
    #[error("the answer did not arrive in time")]
    TimedOut,
    /// The answer is larger than allowed.
    #[error("the answer is larger than allowed")]
    TooLarge,
    /// What arrived is not HTTP or ended early.
    #[error("the answer is not readable HTTP")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The request has parts that HTTP cannot carry.
    #[error("the request cannot be sent")]
    Request(#[source] http::Error),
}

/// The client. Copies share its connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    routes: Vec<Route>,
    extra_roots: Vec<CertificateDer<'static>>,
    /// Made at the first request that needs it: reading the system's roots takes longer than starting.
    tls: OnceLock<Arc<ClientConfig>>,
    idle: Mutex<HashMap<String, Vec<Idle>>>,
    clock: Arc<dyn Clock>,
}

/// A connection that waits for its next request.
struct Idle {
    sender: Sender,
    since: Stopwatch,
}

type Sender = SendRequest<Full<Bytes>>;

impl Client {
    /// A client. The clock tells [`Client::wall_time`] only.
    ///
    /// # Errors
    /// [`Error::Roots`].
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let mut extra_roots = Vec::new();
        if let Some(path) = &config.extra_roots {
            let failed = |source| Error::Roots { path: path.display().to_string(), source };
            let certificates = CertificateDer::pem_file_iter(path).map_err(failed)?;
            extra_roots = certificates.collect::<Result<_, _>>().map_err(failed)?;
            if extra_roots.is_empty() {
                return Err(failed(rustls::pki_types::pem::Error::NoItemsFound));
            }
        }
        let shared = Shared {
            routes: config.routes,
            extra_roots,
            tls: OnceLock::new(),
            idle: Mutex::default(),
            clock,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The time that others see: the operating system's, also where this program's clock was moved. Signatures that
    /// others check bear it.
    pub fn wall_time(&self) -> Timestamp {
        let clock = &self.shared.clock;
        Timestamp::from_millis(clock.now().millis().saturating_sub(clock.offset_millis()))
    }

    /// Sends `request` to port 443 of `host`, or wherever a route leads, and reads the answer.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn send(
        &self,
        host: &str,
        request: &Request,
        limits: Limits,
    ) -> Result<Response, Error> {
        let exchange = self.exchange(host, request, limits);
        tokio::time::timeout(limits.time_out, exchange).await.unwrap_or(Err(Error::TimedOut))
    }

    async fn exchange(
        &self,
        host: &str,
        request: &Request,
        limits: Limits,
    ) -> Result<Response, Error> {
        let mut waiting = self.take_idle(host);
        if let Some(sender) = &mut waiting
            && sender.ready().await.is_err()
        {
            waiting = None;
        }
        let (mut kept, mut sender) = match waiting {
            Some(sender) => (true, sender),
            None => (false, self.connect(host).await?),
        };
        loop {
            match sender.try_send_request(to_http(request)?).await {
                Ok(answer) => {
                    let answer = read(answer, limits.max_bytes).await?;
                    self.keep(host, sender);
                    return Ok(answer);
                }
                Err(mut failed) => {
                    // The peer may close a connection that waits whenever it likes.
                    let again = failed.take_message().is_some() || limits.repeatable;
                    if !(kept && again) {
                        return Err(Error::Unreadable(failed.into_error().into()));
                    }
                    kept = false;
                    sender = self.connect(host).await?;
                }
            }
        }
    }

    async fn connect(&self, host: &str) -> Result<Sender, Error> {
        let route = self.shared.routes.iter().find(|route| route.leads(host));
        let (to, port) = route.map_or((host, HTTPS_PORT), |route| (route.to(), route.port()));
        let unreachable = |source| Error::Unreachable { host: host.to_owned(), source };
        let stream = TcpStream::connect((to, port)).await.map_err(unreachable)?;
        let _ = stream.set_nodelay(true);
        if route.is_some_and(Route::is_plain) {
            // The name may resolve to anything; what counts is where the connection ended up.
            if !stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) {
                return Err(unreachable(io::Error::other("plain HTTP is for loopback only")));
            }
            return start(stream).await;
        }
        let failed = |source| Error::Tls { host: host.to_owned(), source };
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| failed(io::Error::other(error)))?;
        let tls = self.tls().await?;
        start(TlsConnector::from(tls).connect(name, stream).await.map_err(failed)?).await
    }

    async fn tls(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(tls) = self.shared.tls.get() {
            return Ok(tls.clone());
        }
        // Kept by whoever makes it, so that a request that cannot wait so long has done it for the next.
        let shared = self.shared.clone();
        let made = tokio::task::spawn_blocking(move || {
            let made = Arc::new(configure(&shared.extra_roots)?);
            Ok(shared.tls.get_or_init(|| made).clone())
        });
        made.await.unwrap_or_else(|error| {
            Err(Error::Configuration(rustls::Error::General(error.to_string())))
        })
    }

    fn take_idle(&self, host: &str) -> Option<Sender> {
        let mut idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle.get_mut(host)?;
        waiting.retain(|idle| idle.is_usable());
        waiting.pop().map(|idle| idle.sender)
    }

    fn keep(&self, host: &str, sender: Sender) {
        let mut idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        for waiting in idle.values_mut() {
            waiting.retain(Idle::is_usable);
        }
        idle.retain(|_, waiting| !waiting.is_empty());
        let waiting = idle.entry(host.to_owned()).or_default();
        if waiting.len() < IDLE_MAX && !sender.is_closed() {
            waiting.push(Idle { sender, since: Stopwatch::start() });
        }
    }
}

impl Idle {
    fn is_usable(&self) -> bool {
        !self.sender.is_closed() && self.since.elapsed() < IDLE_TIME
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("routes", &self.shared.routes).finish_non_exhaustive()
    }
}

/// The system's roots and the extra ones. A root that cannot be read is left out: the system has many.
fn configure(extra: &[CertificateDer<'static>]) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::debug!(%error, "some of the system's root certificates cannot be read");
    }
    let all = system.certs.into_iter().chain(extra.iter().cloned());
    let (read, _) = roots.add_parsable_certificates(all);
    if read == 0 {
        tracing::warn!("no root certificates: every certificate of another system will be refused");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::Configuration)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

async fn start<S>(stream: S) -> Result<Sender, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_MAX_BYTES)
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(unreadable)?;
    // Ends when the sender is dropped or the peer closes.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to another system ended early");
        }
    });
    sender.ready().await.map_err(unreadable)?;
    Ok(sender)
}

fn unreadable(error: hyper::Error) -> Error {
    Error::Unreadable(error.into())
}

fn to_http(request: &Request) -> Result<http::Request<Full<Bytes>>, Error> {
    let target = match request.query.as_str() {
        "" => request.path.clone(),
        query => format!("{}?{query}", request.path),
    };
    let built = http::Request::builder().method(request.method.clone()).uri(target);
    let mut built = built.body(Full::new(request.body.clone())).map_err(Error::Request)?;
    *built.headers_mut() = request.headers.clone();
    Ok(built)
}

async fn read(answer: http::Response<Incoming>, max_bytes: usize) -> Result<Response, Error> {
    let (head, body) = answer.into_parts();
    let body = match Limited::new(body, max_bytes).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Error::TooLarge),
        Err(error) => return Err(Error::Unreadable(error)),
    };
    Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
}

#[cfg(test)]
mod tests;
