//! The client against servers of its own on loopback.

use std::sync::atomic::{AtomicUsize, Ordering};

use base::clock;
use http::Method;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Long enough for a busy machine.
const LIMITS: Limits =
    Limits { time_out: Duration::from_secs(20), max_bytes: 1024, repeatable: false };

/// Answers every request with `answer`; counts connections.
struct Peer {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Peer {
    async fn start(
        answer: &'static str,
        requests_per_connection: usize,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let tls = tls.clone();
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, answer, requests_per_connection).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, answer, requests_per_connection).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn client(&self, scheme: &str) -> Client {
        let route = format!("xks.example.com={scheme}127.0.0.1:{}", self.port);
        let config = Config { routes: vec![route.parse().expect("a route")], extra_roots: None };
        Client::new(config, Arc::new(clock::System::default())).expect("a client")
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str, requests: usize) {
    let mut buffer = [0; 4096];
    for _ in 0..requests {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        let _ = stream.flush().await;
    }
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn request() -> Request {
    Request::new(Method::POST, "/p?q=1")
}

#[tokio::test]
async fn connections_are_used_again() {
    let peer = Peer::start(HELLO, usize::MAX, None).await;
    let client = peer.client("http://");
    for _ in 0..3 {
        let answer = client.send("xks.example.com", &request(), LIMITS).await.expect("an answer");
        assert_eq!((answer.status, &answer.body[..]), (200, &b"hello"[..]));
    }
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_broke_is_replaced() {
    let peer = Peer::start(HELLO, 1, None).await;
    let client = peer.client("http://");
    let limits = Limits { repeatable: true, ..LIMITS };
    for _ in 0..3 {
        client.send("xks.example.com", &request(), limits).await.expect("an answer");
    }
    assert_eq!(peer.connections(), 3);
}

#[tokio::test]
async fn limits_hold() {
    let peer = Peer::start("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", 1, None).await;
    let short = Limits { time_out: Duration::from_millis(30), ..LIMITS };
    let answer = peer.client("http://").send("xks.example.com", &request(), LIMITS).await;
    assert!(matches!(answer, Err(Error::Unreadable(_))), "ends early: {answer:?}");

    let peer = Peer::start(HELLO, 1, None).await;
    let tiny = Limits { max_bytes: 4, ..LIMITS };
    let answer = peer.client("http://").send("xks.example.com", &request(), tiny).await;
    assert!(matches!(answer, Err(Error::TooLarge)), "{answer:?}");

    let peer = Peer::start("", usize::MAX, None).await;
    let answer = peer.client("http://").send("xks.example.com", &request(), short).await;
    assert!(matches!(answer, Err(Error::TimedOut)), "{answer:?}");

    let peer = Peer::start("SSH-2.0-not-http\r\n", 1, None).await;
    let answer = peer.client("http://").send("xks.example.com", &request(), LIMITS).await;
    assert!(matches!(answer, Err(Error::Unreadable(_))), "{answer:?}");
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let peer = Peer { port, connections: Arc::default() };
    let answer = peer.client("").send("xks.example.com", &request(), LIMITS).await;
    assert!(matches!(answer, Err(Error::Unreachable { .. })), "{answer:?}");
}

#[tokio::test]
async fn tls_trusts_the_extra_roots_and_the_right_name_only() {
    let (authority, acceptor) = certificates("xks.example.com");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), authority).expect("written");
    let peer = Peer::start(HELLO, usize::MAX, Some(acceptor)).await;
    let answer = peer.client("").send("xks.example.com", &request(), LIMITS).await;
    assert!(matches!(answer, Err(Error::Tls { .. })), "not trusted: {answer:?}");

    let routes = ["xks.example.com", "other.example.com"]
        .map(|name| format!("{name}=127.0.0.1:{}", peer.port).parse().expect("a route"));
    let config = Config { routes: routes.into(), extra_roots: Some(file.path().to_owned()) };
    let client = Client::new(config, Arc::new(clock::System::default())).expect("a client");
    let answer = client.send("xks.example.com", &request(), LIMITS).await.expect("an answer");
    assert_eq!(answer.status, 200);
    let answer = client.send("other.example.com", &request(), LIMITS).await;
    assert!(matches!(answer, Err(Error::Tls { .. })), "another name: {answer:?}");

    // Plain HTTP spoken on the other side is no TLS either.
    let plain = Peer::start(HELLO, 1, None).await;
    let answer = plain.client("").send("xks.example.com", &request(), LIMITS).await;
    assert!(matches!(answer, Err(Error::Tls { .. })), "{answer:?}");
}

#[test]
fn a_file_without_certificates_is_refused() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let config = Config { extra_roots: Some(file.path().to_owned()), ..Config::default() };
    let made = Client::new(config, Arc::new(clock::System::default()));
    assert!(matches!(made, Err(Error::Roots { .. })));
}

#[test]
fn a_moved_clock_does_not_move_what_others_see() {
    let clock = Arc::new(clock::System::default());
    let client = Client::new(Config::default(), clock.clone()).expect("a client");
    let before = client.wall_time();
    clock.advance(Duration::from_secs(365 * 24 * 60 * 60));
    assert!(client.wall_time().since(before) < Duration::from_secs(60));
}

/// An authority in PEM, and a server with its certificate for `name`.
fn certificates(name: &str) -> (String, TlsAcceptor) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("valid");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).expect("signed");
    let issuer = Issuer::from_params(&params, &authority_key);
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec![name.to_owned()]).expect("valid");
    let leaf = leaf.signed_by(&key, &issuer).expect("signed");
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .expect("a certificate");
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}
