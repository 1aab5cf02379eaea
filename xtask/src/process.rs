//! Running other programs: echo what is run, fail when it fails, listen to what it prints.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::report::{print, say};

/// Runs a program to its end with this terminal as its own.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    echo(command);
    let status = command.status().map_err(start_error(command))?;
    if status.success() { Ok(()) } else { Err(failed(command, &status.to_string())) }
}

/// Runs a program quietly and returns its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Error> {
    let out = command.output().map_err(start_error(command))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(failed(command, &format!("{}: {}", out.status, said.trim())));
    }
    String::from_utf8(out.stdout)
        .map_err(|e| Error::Malformed { what: name(command), source: e.into() })
}

/// Runs a program, passes its output on, and shows every line of it to `listen`. Returns whether it ended well:
/// a test runner that found failures is no error here, the lines say what failed.
pub(crate) fn listen(
    command: &mut Command,
    mut listen: impl FnMut(&str) + Send,
) -> Result<bool, Error> {
    echo(command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start_error(command))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let heard = std::sync::Mutex::new(&mut listen);
    let hear = |line: &str| {
        if let Ok(mut listen) = heard.lock() {
            listen(line);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| lines(err, |line| (hear(line), say(line))));
        lines(out, |line| (hear(line), print(line)));
    });
    let status = child.wait().map_err(start_error(command))?;
    Ok(status.success())
}

/// Runs a program that says more than anyone wants to read, and returns what it said on standard error. When it
/// fails, the end of that is shown.
pub(crate) fn quiet(command: &mut Command) -> Result<String, Error> {
    const SHOWN_LINES: usize = 60;
    echo(command);
    let out = command.output().map_err(start_error(command))?;
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    if out.status.success() {
        return Ok(said);
    }
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].iter().for_each(|line| say(line));
    Err(failed(command, &out.status.to_string()))
}

/// Where a program is, looked up as the shell does and then in `also`.
pub(crate) fn find(program: &str, also: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(also.iter().cloned())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Whether this process may change the system.
pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn lines<T>(stream: Option<impl Read>, mut each: impl FnMut(&str) -> T) {
    let Some(stream) = stream else { return };
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        each(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
}

fn echo(command: &Command) {
    let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    say(&format!("  $ {} {}", name(command), args.join(" ")));
}

fn start_error(command: &Command) -> impl Fn(std::io::Error) -> Error + use<> {
    let program = name(command);
    move |source| Error::Start { program: program.clone(), source }
}

fn failed(command: &Command, status: &str) -> Error {
    Error::Failed { program: name(command), status: status.to_owned() }
}

fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listens_to_both_streams_and_tells_how_it_ended() {
        let mut heard = Vec::new();
        let good =
            listen(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]), |line| {
                heard.push(line.to_owned());
            })
            .expect("sh is there");
        heard.sort();
        assert_eq!((good, heard), (false, vec!["err".to_owned(), "out".to_owned()]));
    }

    #[test]
    fn a_failing_program_is_an_error_with_its_words() {
        let error =
            output(Command::new("sh").args(["-c", "echo no >&2; exit 1"])).expect_err("fails");
        assert_eq!(error.to_string(), "sh failed (exit status: 1: no)");
    }
}
