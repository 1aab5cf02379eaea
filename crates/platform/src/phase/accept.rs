//! Sockets to requests: listens, speaks HTTP/1.1 (inside TLS where configured), bounds what clients may send, and
//! drains on shutdown.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use shape::error::{REQUEST_TOO_LARGE, SERIALIZATION};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use wire::limits;
use wire::{Request, Response};

use crate::call::{Source, Tls};
use crate::control::Control;
use crate::platform::Platform;

/// Connections served at once; more wait in the listener's queue.
const CONNECTIONS_MAX: usize = 8192;
/// How long a client may take to send a request's head, and to finish the TLS handshake.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long open connections may finish their calls when the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest `User-Agent`, `Host` and `Referer` that are kept for conditions and the audit, in characters.
const HEADER_KEPT_CHARS: usize = 1024;

/// A listening server.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    platform: Platform,
    control: Arc<Control>,
}

impl Server {
    /// Listens on `address`. Without `tls` it speaks plain HTTP.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<Arc<rustls::ServerConfig>>,
        platform: Platform,
        control: Control,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let control = Arc::new(control);
        Ok(Self { listener, tls: tls.map(TlsAcceptor::from), platform, control })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` resolves, then lets calls that are under way finish.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (stopping, stopped) = watch::channel(false);
        let server = Arc::new(Connections {
            tls: self.tls,
            platform: self.platform,
            control: self.control,
            stopped,
        });
        tokio::pin!(stop);
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { break };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let server = server.clone();
                    tokio::spawn(async move {
                        server.serve(stream, peer).await;
                        drop(place);
                    });
                }
                // Out of descriptors or a connection that went away: neither is a reason to stop listening.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::task::yield_now().await;
                }
            }
        }
        drop(self.listener);
        let _ = stopping.send(true);
        let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
        let drained = tokio::time::timeout(DRAIN_TIMEOUT, places.acquire_many(all)).await;
        if drained.is_err() {
            tracing::warn!("stopped with connections still open");
        }
    }
}

struct Connections {
    tls: Option<TlsAcceptor>,
    platform: Platform,
    control: Arc<Control>,
    stopped: watch::Receiver<bool>,
}

impl Connections {
    async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let mut source = Source { ip: Some(peer.ip()), ..Source::default() };
        let Some(acceptor) = &self.tls else {
            return self.http(TokioIo::new(stream), source).await;
        };
        match tokio::time::timeout(HEAD_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                source.tls = negotiated(stream.get_ref().1);
                self.http(TokioIo::new(stream), source).await;
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        }
    }

    async fn http<I>(&self, io: I, source: Source)
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin,
    {
        let service = service_fn(|request| async {
            Ok::<_, Infallible>(to_http(self.answer(request, source.clone()).await))
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(limits::MAX_HEADERS)
            .max_buf_size(limits::MAX_HEADER_BYTES + limits::MAX_URI_BYTES)
            .pipeline_flush(true)
            .serve_connection(io, service);
        tokio::pin!(connection);
        let mut stopped = self.stopped.clone();
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = async { let _ = stopped.wait_for(|stopped| *stopped).await; } => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    async fn answer(&self, request: hyper::Request<Incoming>, mut source: Source) -> Response {
        let (parts, body) = request.into_parts();
        let request_id = || self.platform.request_id();
        if uri_bytes(&parts.uri) > limits::MAX_URI_BYTES {
            return super::encode::early(
                &REQUEST_TOO_LARGE.because("The URI is too long."),
                &request_id(),
            );
        }
        let body = match read(body).await {
            Ok(body) => body,
            Err(failure) => return super::encode::early(&failure, &request_id()),
        };
        let header = |name| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some(value.chars().take(HEADER_KEPT_CHARS).collect::<String>())
        };
        source.user_agent = header(http::header::USER_AGENT);
        source.host = header(http::header::HOST);
        source.referer = header(http::header::REFERER);
        let request = Request::from_parts(parts, body);
        if request.path.starts_with(crate::control::PREFIX) {
            return self.control.answer(&self.platform, &request).await;
        }
        self.platform.respond(request, source).await
    }
}

/// How long the URI is. Nearly all are a bare path and query, which need not be put together to be measured.
fn uri_bytes(uri: &http::Uri) -> usize {
    match (uri.authority(), uri.path_and_query()) {
        (None, Some(target)) => target.as_str().len(),
        _ => uri.to_string().len(),
    }
}

async fn read(body: Incoming) -> Result<Bytes, shape::Failure> {
    let whole = Limited::new(body, limits::MAX_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIMEOUT, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(REQUEST_TOO_LARGE
            .because(format!("The request body is larger than {} bytes.", limits::MAX_BODY_BYTES))),
        Ok(Err(_)) => Err(SERIALIZATION.because("The request body ended early.")),
        Err(_) => Err(SERIALIZATION.because("The request body took too long.")),
    }
}

fn to_http(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut http = hyper::Response::new(Full::new(response.body));
    *http.status_mut() = http::StatusCode::from_u16(response.status)
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *http.headers_mut() = response.headers;
    http
}

fn negotiated(connection: &rustls::ServerConnection) -> Option<Tls> {
    let version = match connection.protocol_version()? {
        rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3",
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2",
        _ => return None,
    };
    let suite = connection.negotiated_cipher_suite()?.suite();
    let name = suite.as_str().unwrap_or_default();
    Some(Tls { version, cipher_suite: name.replacen("TLS13_", "TLS_", 1) })
}
