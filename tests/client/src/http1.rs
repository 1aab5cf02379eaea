//! Just enough HTTP/1.1 for load: whole requests as bytes, answers by `Content-Length`. It costs the client little, so
//! that what is measured is the server.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wire::Request;

use crate::Failure;

/// Largest answer that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// One connection, kept alive unless the server will not have it.
pub struct Connection {
    address: String,
    stream: TcpStream,
    /// The server said that it would close after its last answer.
    closing: bool,
    buffer: Vec<u8>,
}

/// An answer's status and body.
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The `x-amzn-requestid` header.
    pub request_id: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects to `host:port`.
    ///
    /// # Errors
    /// If nothing listens there.
    pub async fn open(address: &str) -> Result<Self, Failure> {
        let stream = connect(address).await?;
        let buffer = Vec::with_capacity(ANSWER_MAX_BYTES);
        Ok(Self { address: address.to_owned(), stream, closing: false, buffer })
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// If the connection breaks or the answer is not HTTP.
    pub async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>, Failure> {
        if self.closing {
            self.stream = connect(&self.address).await?;
        }
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(end) = complete(&self.buffer)? {
                self.closing = closes(&self.buffer);
                return answer(&self.buffer[..end]);
            }
            if self.buffer.len() > ANSWER_MAX_BYTES {
                return Err("an answer is too large".into());
            }
        }
    }
}

async fn connect(address: &str) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn closes(answer: &[u8]) -> bool {
    let head = &answer[..body_start(answer).unwrap_or_default()];
    header(head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

/// Where the answer ends, once all of it has come.
fn complete(buffer: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(start) = body_start(buffer) else { return Ok(None) };
    let length = header(&buffer[..start], "content-length").map_or(Ok(0), str::parse::<usize>)?;
    Ok((buffer.len() >= start + length).then_some(start + length))
}

fn answer(whole: &[u8]) -> Result<Answer<'_>, Failure> {
    let start = body_start(whole).ok_or("no head")?;
    let (head, body) = whole.split_at(start);
    let status = std::str::from_utf8(head)?.get(9..12).ok_or("no status")?.parse()?;
    Ok(Answer { status, request_id: header(head, "x-amzn-requestid"), body })
}

fn body_start(buffer: &[u8]) -> Option<usize> {
    buffer.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4)
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    lines.find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// A request as bytes.
pub fn to_bytes(request: &Request) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method, request.path).into_bytes();
    for (name, value) in &request.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", request.body.len()).as_bytes());
    bytes.extend_from_slice(&request.body);
    bytes
}
