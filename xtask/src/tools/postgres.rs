//! A private PostgreSQL for the tests: own folder, own port on loopback, gone when the task is.
//!
//! It must not survive the task however the task ends. So a shell holds it, and waits for the end of its own
//! standard input, which is a pipe from here: the kernel closes that even when this process is killed.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

use super::install;
use crate::error::{self, Error};
use crate::process;

/// How long the server may take to accept connections.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Connections the server accepts: the tests of several crates run at once, each with pools of its own.
const MAX_CONNECTIONS: u32 = 300;

/// The user that runs the server when this task is root, whom PostgreSQL refuses. Debian's package makes it.
const USER: &str = "postgres";

/// What PostgreSQL prints when it accepts connections.
const READY: &str = "database system is ready to accept connections";

/// Starts the server `$1/postgres` on the data folder `$2/data`, port `$3`, and stops it when standard input ends.
/// Signals to the group of this task are left to the task, whose end is what counts.
const HOLD: &str = r#"
trap '' INT TERM HUP
"$1/postgres" -D "$2/data" -p "$3" -k "$2" -c listen_addresses=127.0.0.1 \
    -c fsync=off -c max_connections="$4" -c lc_messages=C &
server=$!
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

/// A running server. Dropping it stops the server and removes its data.
pub(crate) struct Postgres {
    holder: Child,
    url: String,
    _folder: TempDir,
}

impl Postgres {
    /// Finds or brings PostgreSQL, makes a database cluster in a temporary folder and serves it.
    pub(crate) fn start() -> Result<Self, Error> {
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("bastide-postgres-")
            .tempdir()
            .map_err(Error::file(std::env::temp_dir()))?;
        let as_root = process::is_root();
        if as_root {
            let uid = |flag| -> Result<Option<u32>, Error> {
                let id = process::output(Command::new("id").args([flag, USER]));
                Ok(id.map_err(unusable)?.trim().parse().ok())
            };
            chown(folder.path(), uid("-u")?, uid("-g")?).map_err(Error::file(folder.path()))?;
        }
        let command = |program: &str| {
            let mut command = Command::new(if as_root { "runuser" } else { program });
            if as_root {
                command.args(["-u", USER, "--", program]);
            }
            command.current_dir(folder.path());
            command
        };

        let mut initdb = command(&programs.join("initdb").to_string_lossy());
        initdb.arg("-D").arg(folder.path().join("data"));
        initdb.args(["-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        process::output(&mut initdb).map_err(unusable)?;

        let port = free_port().map_err(Error::file("127.0.0.1"))?;
        let mut hold = command("sh");
        hold.args(["-c", HOLD, "hold"]).arg(&programs).arg(folder.path());
        hold.args([port.to_string(), MAX_CONNECTIONS.to_string()]);
        hold.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut holder =
            hold.spawn().map_err(|source| Error::Start { program: "postgres".into(), source })?;
        let ready = wait_until_ready(&mut holder);
        let url = format!("postgres://{USER}@127.0.0.1:{port}/postgres");
        let server = Self { holder, url, _folder: folder };
        ready.map(|()| server)
    }

    /// How to connect, as PostgreSQL clients read it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // Nothing to do about a failure here: the folder is removed all the same.
        let _ = self.holder.wait();
    }
}

/// The folder with `postgres` and `initdb`: from the PATH, or where Debian keeps the newest version.
fn programs() -> Result<PathBuf, Error> {
    let look = || {
        let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|version| version.path().join("bin"))
            .collect();
        folders.sort();
        folders.reverse();
        let found = process::find("initdb", &folders)?;
        // The PATH may hold a link; the server is beside the real file.
        let folder = found.canonicalize().ok()?.parent()?.to_owned();
        folder.join("postgres").is_file().then_some(folder)
    };
    if let Some(folder) = look() {
        return Ok(folder);
    }
    install("PostgreSQL", "postgresql")?;
    look().ok_or(Error::Missing { what: "PostgreSQL", why: "its package holds no initdb".into() })
}

fn unusable(error: Error) -> Error {
    Error::Missing { what: "PostgreSQL", why: error::chain(&error) }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Reads the server's log until it says that it is ready, and goes on reading it for as long as it lives, because
/// a full pipe would stop the server. On failure the error carries the log.
fn wait_until_ready(holder: &mut Child) -> Result<(), Error> {
    let (send, receive) = mpsc::channel();
    if let Some(log) = holder.stderr.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                // Nobody listens once the server is ready.
                let _ = send.send(line);
            }
        });
    }
    let mut log = Vec::new();
    while let Ok(line) = receive.recv_timeout(START_TIMEOUT) {
        if line.contains(READY) {
            return Ok(());
        }
        log.push(line);
    }
    Err(Error::Missing { what: "PostgreSQL", why: format!("did not start: {}", log.join(" / ")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_before_it_is_ready_is_an_error_with_its_log() {
        let mut child = Command::new("sh")
            .args(["-c", "echo 'no space left' >&2"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh is there");
        let error = wait_until_ready(&mut child).expect_err("it ended");
        assert!(error.to_string().contains("no space left"), "{error}");
        child.wait().expect("it ended");
    }
}
