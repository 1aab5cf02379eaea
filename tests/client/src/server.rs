//! Servers to call, each a process of its own that ends with its handle.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base::clock::Stopwatch;
use wire::sigv4::SecretKey;

use crate::Failure;

/// How long a server may take to listen.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens, as `host:port`.
    pub address: String,
    /// Who may call.
    pub access_key_id: String,
    /// The secret of that key.
    pub secret: Arc<SecretKey>,
    folder: Option<tempfile::TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Bastide in production mode over plain HTTP, with its root credentials, on a new data folder.
    ///
    /// # Errors
    /// If it is not built or does not start.
    pub fn production() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let mut server = Self::start(bastide_command(&["--no-tls"], folder.path())?)?;
        server.folder = Some(folder);
        Ok(server)
    }

    /// Bastide in dev mode on `folder`, which stays when the server goes. `arguments` are added to its command line.
    ///
    /// # Errors
    /// If it is not built or does not start.
    pub fn dev(folder: &Path, arguments: &[&str]) -> Result<Self, Failure> {
        Self::start(bastide_command(&[&["--dev"], arguments].concat(), folder)?)
    }

    /// Any server that prints `listening on http://host:port`. Credentials that it prints are taken; else any will do.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(command: Command) -> Result<Self, Failure> {
        let (child, lines) = start(command)?;
        let field = |name: &str| {
            let line = lines.iter().find(|line| line.contains(name))?;
            line.split_once("= ").map(|(_, value)| value.trim().to_owned())
        };
        let secret = field("aws_secret_access_key").unwrap_or_else(|| "secret".to_owned());
        Ok(Self {
            address: address(&lines)?,
            access_key_id: field("aws_access_key_id").unwrap_or_else(|| "AKIDEXAMPLE".to_owned()),
            secret: Arc::new(SecretKey::new(secret)),
            child,
            folder: None,
        })
    }

    /// A server that prints nothing, once `address` accepts connections; `None` if it cannot be started.
    pub fn silent(mut command: Command, address: String) -> Option<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let secret = Arc::new(SecretKey::new("secret"));
        let access_key_id = "AKIDEXAMPLE".to_owned();
        let server = Self { child, address, access_key_id, secret, folder: None };
        let watch = Stopwatch::start();
        while watch.elapsed() < START_TIMEOUT {
            if std::net::TcpStream::connect(&server.address).is_ok() {
                return Some(server);
            }
            pause();
        }
        None
    }

    /// The program: `BASTIDE_BINARY`, else the one built into the same target folder as this one.
    ///
    /// # Errors
    /// If it is not there.
    pub fn binary() -> Result<PathBuf, Failure> {
        if let Some(binary) = std::env::var_os("BASTIDE_BINARY") {
            return Ok(binary.into());
        }
        let here = std::env::current_exe()?;
        // Tests run from `deps` below the folder of the programs.
        let folders = here.ancestors().skip(1).take(2);
        let found = folders.map(|folder| folder.join("bastide")).find(|binary| binary.is_file());
        found.ok_or_else(|| "bastide is not built: cargo build -p bastide".into())
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

fn bastide_command(arguments: &[&str], folder: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(Server::binary()?);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data-dir"]);
    command.arg(folder).args(arguments);
    Ok(command)
}

/// Between attempts to connect. A hasty loop would at last connect to itself from the very port that it waits for.
#[expect(clippy::disallowed_methods, reason = "another process starts in real time")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

/// Starts a server and collects what it prints up to the line that says where it listens.
fn start(mut command: Command) -> Result<(Child, Vec<String>), Failure> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let out = child.stdout.take().ok_or("no output to read")?;
    let mut lines = Vec::new();
    for line in BufReader::new(out).lines() {
        let line = line?;
        let listening = line.starts_with("listening on ");
        lines.push(line);
        if listening {
            return Ok((child, lines));
        }
    }
    let _ = child.wait();
    Err("the server ended before it listened".into())
}

fn address(lines: &[String]) -> Result<String, Failure> {
    let line = lines.last().ok_or("nothing printed")?;
    Ok(line.rsplit_once("//").ok_or("no address")?.1.to_owned())
}
