//! Recorded requests: HAR, raw HTTP/1.1, and access logs in the combined format. What a record does not hold (the body in a log) is
//! not judged.

use std::net::IpAddr;

use base::Timestamp;
use clap::ValueEnum;
use serde::Deserialize;
use waf::Request;

/// How requests are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Told by the beginning of the file
    #[default]
    Auto,
    /// HTTP Archive 1.2
    Har,
    /// HTTP/1.1 requests, one after the other
    Raw,
    /// Access log in the combined format of Apache and nginx
    Combined,
}

/// One recorded request.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Its number in the file.
    pub id: String,
    pub at: Timestamp,
    pub client_ip: IpAddr,
    pub method: String,
    pub target: String,
    pub version: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Recorded {
    /// As the engine judges it.
    pub fn request(&self) -> Request<'_> {
        let mut request = Request::new(self.client_ip, &self.method, self.target.as_bytes());
        request.version = &self.version;
        request.headers =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        request.with_body(&self.body)
    }
}

/// Reads all requests of a file.
pub(super) fn parse(
    file: &[u8],
    format: Format,
    client_ip: IpAddr,
    now: Timestamp,
) -> Result<Vec<Recorded>, String> {
    match if format == Format::Auto { detect(file) } else { format } {
        Format::Har => har(file, client_ip, now),
        Format::Raw => raw(file, client_ip, now),
        _ => combined(file),
    }
}

fn detect(file: &[u8]) -> Format {
    let line = file.trim_ascii_start().split(|b| *b == b'\n').next().unwrap_or_default();
    if line.first() == Some(&b'{') {
        Format::Har
    } else if line
        .trim_ascii_end()
        .rsplit(|b| *b == b' ')
        .next()
        .is_some_and(|v| v.starts_with(b"HTTP/"))
    {
        Format::Raw
    } else {
        Format::Combined
    }
}

#[derive(Deserialize)]
struct Har {
    log: HarLog,
}

#[derive(Deserialize)]
struct HarLog {
    entries: Vec<HarEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarEntry {
    started_date_time: Option<String>,
    request: HarRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: String,
    url: String,
    #[serde(default)]
    http_version: String,
    #[serde(default)]
    headers: Vec<HarHeader>,
    post_data: Option<HarPostData>,
}

#[derive(Deserialize)]
struct HarHeader {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct HarPostData {
    #[serde(default)]
    text: String,
}

fn har(file: &[u8], client_ip: IpAddr, now: Timestamp) -> Result<Vec<Recorded>, String> {
    let har: Har = serde_json::from_slice(file).map_err(|error| format!("no HAR: {error}"))?;
    let entries = har.log.entries.into_iter().enumerate();
    let recorded = entries.map(|(index, entry)| {
        let request = entry.request;
        let after_scheme =
            request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
        let start = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
        let (host, target) = after_scheme.split_at(start);
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let pseudo = |header: &HarHeader| !header.name.starts_with(':');
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        if !request.headers.iter().any(|h| h.name.eq_ignore_ascii_case("host")) {
            headers.push(("host".to_owned(), host.as_bytes().to_vec()));
        }
        let given = request.headers.into_iter().filter(pseudo);
        headers.extend(given.map(|h| (h.name, h.value.into_bytes())));
        let started = entry.started_date_time.as_deref().and_then(Timestamp::parse_rfc3339);
        Recorded {
            id: (index + 1).to_string(),
            at: started.unwrap_or(now),
            client_ip,
            method: request.method,
            target,
            version: request.http_version.to_ascii_uppercase(),
            headers,
            body: request.post_data.map_or_else(Vec::new, |data| data.text.into_bytes()),
        }
    });
    Ok(recorded.collect())
}

fn raw(file: &[u8], client_ip: IpAddr, now: Timestamp) -> Result<Vec<Recorded>, String> {
    let mut out = Vec::new();
    let mut rest = file;
    loop {
        while let [b'\r' | b'\n', after @ ..] = rest {
            rest = after;
        }
        if rest.is_empty() {
            return Ok(out);
        }
        let number = out.len() + 1;
        let (mut one, after) = raw_one(rest).map_err(|what| format!("request {number}: {what}"))?;
        (one.id, one.at, one.client_ip) = (number.to_string(), now, client_ip);
        out.push(one);
        rest = after;
    }
}

/// One request and what follows it.
fn raw_one(text: &[u8]) -> Result<(Recorded, &[u8]), String> {
    let mut rest = text;
    let mut line = || {
        let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
    };
    let first = line();
    let mut parts = first.splitn(2, ' ');
    let (method, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (target, version) = target.rsplit_once(' ').ok_or("no request line")?;
    let mut headers = Vec::new();
    loop {
        let header = line();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').ok_or_else(|| format!("no header: {header}"))?;
        headers.push((name.to_owned(), value.trim().as_bytes().to_vec()));
    }
    let header = |name: &str| {
        let own =
            headers.iter().find(|(own, _): &&(String, Vec<u8>)| own.eq_ignore_ascii_case(name));
        own.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    let chunked = header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
    let (body, rest) = match header("content-length") {
        _ if chunked => unchunked(rest)?,
        Some(length) => {
            let length: usize = length.trim().parse().map_err(|_| "no length in Content-Length")?;
            let body = rest.get(..length).ok_or("the body is shorter than Content-Length")?;
            (body.to_vec(), &rest[length..])
        }
        None => (Vec::new(), rest),
    };
    let recorded = Recorded {
        id: String::new(),
        at: Timestamp::from_millis(0),
        client_ip: IpAddr::from([0, 0, 0, 0]),
        method: method.to_owned(),
        target: target.to_owned(),
        version: version.to_owned(),
        headers,
        body,
    };
    Ok((recorded, rest))
}

/// The body of a chunked request (RFC 9112, section 7.1) and what follows it.
fn unchunked(mut rest: &[u8]) -> Result<(Vec<u8>, &[u8]), String> {
    let mut body = Vec::new();
    loop {
        let end = rest.iter().position(|b| *b == b'\n').ok_or("a chunk without size")?;
        let size = String::from_utf8_lossy(&rest[..end]);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| "a chunk without size")?;
        rest = &rest[end + 1..];
        body.extend_from_slice(rest.get(..size).ok_or("a chunk that ends early")?);
        rest = &rest[size..];
        let newline = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
        rest = &rest[newline..];
        if size == 0 {
            return Ok((body, rest));
        }
    }
}

fn combined(file: &[u8]) -> Result<Vec<Recorded>, String> {
    let text = String::from_utf8_lossy(file);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed = lines.map(|(index, line)| {
        combined_line(line, index + 1)
            .ok_or_else(|| format!("line {}: no access log line", index + 1))
    });
    parsed.collect()
}

/// `ADDRESS ident user [time] "METHOD target HTTP/1.1" status size "referer" "user agent"`
fn combined_line(line: &str, number: usize) -> Option<Recorded> {
    let (address, rest) = line.split_once(' ')?;
    let (_, rest) = rest.split_once('[')?;
    let (time, rest) = rest.split_once(']')?;
    let mut quoted = quoted(rest);
    let request = quoted.next()?;
    let (method, target) = request.split_once(' ')?;
    let (target, version) = target.rsplit_once(' ').unwrap_or((target, "HTTP/0.9"));
    let named = ["referer", "user-agent"].into_iter().zip(quoted);
    let headers = named.filter(|(_, value)| value != "-");
    Some(Recorded {
        id: number.to_string(),
        at: log_time(time)?,
        client_ip: address.parse().ok()?,
        method: method.to_owned(),
        target: target.to_owned(),
        version: version.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).collect(),
        body: Vec::new(),
    })
}

/// The texts in quotes, with `\"`, `\\` and `\xHH` undone, as servers write them.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    let mut bytes = text.as_bytes();
    std::iter::from_fn(move || {
        let start = bytes.iter().position(|b| *b == b'"')? + 1;
        let mut at = start;
        let mut out = Vec::new();
        loop {
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => {
                    let hex =
                        bytes.get(at + 2..at + 4).and_then(|two| std::str::from_utf8(two).ok());
                    let hex = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
                    match (bytes.get(at + 1)?, hex) {
                        (b'x', Some(byte)) => {
                            out.push(byte);
                            at += 4;
                        }
                        (other, _) => {
                            out.push(*other);
                            at += 2;
                        }
                    }
                }
                byte => {
                    out.push(*byte);
                    at += 1;
                }
            }
        }
        bytes = &bytes[at + 1..];
        Some(String::from_utf8_lossy(&out).into_owned())
    })
}

/// `25/Nov/2026:10:00:00 +0900`
fn log_time(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (date, zone) = text.split_once(' ').unwrap_or((text, "+0000"));
    let mut parts = date.splitn(4, ['/', ':']);
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|own| *own == month)? + 1;
    let (hours, minutes) = zone.split_at_checked(3)?;
    Timestamp::parse_rfc3339(&format!("{year}-{month:02}-{day}T{time}{hours}:{minutes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Recorded> {
        parse(
            text.as_bytes(),
            Format::Auto,
            IpAddr::from([127, 0, 0, 1]),
            Timestamp::from_millis(5),
        )
        .expect("it reads")
    }

    #[test]
    fn combined_logs() {
        let line = r#"192.0.2.7 - - [25/Nov/2026:10:00:00 +0900] "GET /a?b=\x22 HTTP/1.1" 200 5 "-" "curl \"x\"""#;
        let one = &read(line)[0];
        assert_eq!(one.at.rfc3339(), "2026-11-25T01:00:00Z");
        assert_eq!((one.method.as_str(), one.target.as_str()), ("GET", "/a?b=\""));
        assert_eq!(one.headers, [("user-agent".to_owned(), b"curl \"x\"".to_vec())]);
        assert!(parse(b"nonsense", Format::Auto, one.client_ip, one.at).is_err());
    }

    #[test]
    fn raw_requests_one_after_the_other() {
        let text = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nx=1\r\nGET /b c HTTP/1.1\nA: 1\n\n\
            PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        let all = read(text);
        let bodies: Vec<_> =
            all.iter().map(|one| (one.target.as_str(), one.body.as_slice())).collect();
        assert_eq!(bodies, [("/a", &b"x=1"[..]), ("/b c", b""), ("/", b"abc")]);
    }

    #[test]
    fn har_files() {
        let text = r#"{"log":{"entries":[{"startedDateTime":"2026-11-25T01:00:00Z","request":{"method":"POST",
            "url":"https://shop.example/a?b=1","httpVersion":"http/2.0","headers":[{"name":":path","value":"/a"},
            {"name":"accept","value":"*/*"}],"postData":{"mimeType":"text/plain","text":"hi"}}}]}}"#;
        let one = &read(text)[0];
        assert_eq!((one.target.as_str(), one.body.as_slice()), ("/a?b=1", &b"hi"[..]));
        assert_eq!(one.headers[0], ("host".to_owned(), b"shop.example".to_vec()));
        assert_eq!(one.headers.len(), 2);
        assert_eq!(one.version, "HTTP/2.0");
    }
}
