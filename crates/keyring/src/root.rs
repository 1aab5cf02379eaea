//! Where the root key comes from: a file that holds it, or a passphrase that it is derived from.
//!
//! A file is created on first use, complete or not at all, and read only while nobody but its owner
//! can. Either source can be lost: then everything sealed under it is lost too, so back it up apart
//! from the data.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::{digest, hmac};
use zeroize::{Zeroize as _, Zeroizing};

use crate::domain::KEY_LEN;
use crate::error::OrEngine as _;
use crate::{Error, Secret, random};

/// First line of a root key file.
const FILE_MAGIC: &str = "bastide-root-key v1";
/// First line of a passphrase header.
const HEADER_MAGIC: &str = "bastide-passphrase v1";
/// Longest file that is read, in bytes.
const FILE_MAX: u64 = 1024;
/// Permissions of created files: the owner reads and writes.
const FILE_MODE: u32 = 0o600;
/// Permission bits that nobody but the owner may have.
const OTHERS: u32 = 0o077;
/// Bytes of the checksum, which tells a damaged file from a wrong key.
const CHECKSUM_LEN: usize = 8;
/// Bytes of the Argon2id salt.
const SALT_LEN: usize = 16;
/// Argon2id parameters: the second recommendation of RFC 9106, section 4.
const COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
/// The most that a header may ask for, so that a damaged one cannot exhaust the machine.
const COST_MAX: Cost = Cost { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };

/// Where the root key comes from.
#[derive(Debug)]
#[non_exhaustive]
pub enum Source {
    /// A file that holds the key itself, readable by its owner alone.
    File {
        /// The file; its folder must exist.
        path: PathBuf,
    },
    /// A passphrase, stretched by Argon2id. The header file beside the data holds salt, cost and a
    /// verifier.
    Passphrase {
        /// The header file; its folder must exist.
        header: PathBuf,
        /// The passphrase.
        passphrase: Secret,
    },
}

impl Source {
    /// The root key; created (or the header written) on first use.
    pub(crate) fn load(&self) -> Result<Secret, Error> {
        match self {
            Self::File { path } => load_file(path),
            Self::Passphrase { header, passphrase } => load_passphrase(header, passphrase, COST),
        }
    }
}

fn load_file(path: &Path) -> Result<Secret, Error> {
    let text = read_or_create(path, || {
        let key = random::random_bytes(KEY_LEN)?;
        let mut text = Zeroizing::new(String::with_capacity(FILE_MAX as usize));
        text.push_str(FILE_MAGIC);
        text.push('\n');
        let mut digits = Zeroizing::new([0; 2 * KEY_LEN]);
        hex::encode_to_slice(key.expose(), &mut digits[..]).or_engine("hex")?;
        text.extend(digits.iter().map(|digit| char::from(*digit)));
        text.push('\n');
        text.push_str(&hex::encode(checksum(key.expose())));
        text.push('\n');
        Ok(text)
    })?;
    let damaged = |why| Error::RootFormat { path: path.to_owned(), why };
    let mut lines = text.lines();
    if lines.next() != Some(FILE_MAGIC) {
        return Err(damaged("it is not a root key file of a known version"));
    }
    let mut key = Zeroizing::new(vec![0; KEY_LEN]);
    let mut sum = [0; CHECKSUM_LEN];
    let read = hex::decode_to_slice(lines.next().unwrap_or_default(), &mut key)
        .and_then(|()| hex::decode_to_slice(lines.next().unwrap_or_default(), &mut sum));
    if read.is_err() || lines.next().is_some() || sum != checksum(&key) {
        return Err(damaged("it is damaged; restore it from a backup"));
    }
    Ok(key.into())
}

/// Tells damage from a sound file. Eight bytes of a hash reveal nothing usable of a random key
/// beside them.
fn checksum(key: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(FILE_MAGIC.as_bytes());
    context.update(key);
    let mut sum = [0; CHECKSUM_LEN];
    sum.copy_from_slice(&context.finish().as_ref()[..CHECKSUM_LEN]);
    sum
}

/// What deriving the key costs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Cost {
    pub(crate) fn is_bearable(self) -> bool {
        self.memory_kib <= COST_MAX.memory_kib
            && self.passes <= COST_MAX.passes
            && self.lanes <= COST_MAX.lanes
    }
}

fn load_passphrase(header: &Path, passphrase: &Secret, cost: Cost) -> Result<Secret, Error> {
    let text = read_or_create(header, || {
        let mut salt = [0; SALT_LEN];
        random::fill(&mut salt)?;
        let verifier = verifier(&stretch(passphrase, &salt, cost)?);
        let Cost { memory_kib, passes, lanes } = cost;
        Ok(Zeroizing::new(format!(
            "{HEADER_MAGIC}\nargon2id {memory_kib} {passes} {lanes}\n{}\n{}\n",
            hex::encode(salt),
            hex::encode(verifier.as_ref()),
        )))
    })?;
    let (cost, salt, expected) = parse_header(&text).ok_or_else(|| Error::RootFormat {
        path: header.to_owned(),
        why: "it is not a passphrase header of a known version",
    })?;
    let key = stretch(passphrase, &salt, cost)?;
    let found = verifier(&key);
    aws_lc_rs::constant_time::verify_slices_are_equal(found.as_ref(), &expected)
        .map_err(|_| Error::WrongPassphrase)?;
    Ok(key)
}

fn parse_header(text: &str) -> Option<(Cost, [u8; SALT_LEN], [u8; KEY_LEN])> {
    let mut lines = text.lines();
    (lines.next()? == HEADER_MAGIC).then_some(())?;
    let mut numbers = lines.next()?.strip_prefix("argon2id ")?.split(' ').map(str::parse::<u32>);
    let cost = Cost {
        memory_kib: numbers.next()?.ok()?,
        passes: numbers.next()?.ok()?,
        lanes: numbers.next()?.ok()?,
    };
    let (mut salt, mut verifier) = ([0; SALT_LEN], [0; KEY_LEN]);
    hex::decode_to_slice(lines.next()?, &mut salt).ok()?;
    hex::decode_to_slice(lines.next()?, &mut verifier).ok()?;
    let whole = numbers.next().is_none() && lines.next().is_none() && cost.is_bearable();
    whole.then_some((cost, salt, verifier))
}

/// Argon2id, version 1.3.
pub(crate) fn stretch(passphrase: &Secret, salt: &[u8], cost: Cost) -> Result<Secret, Error> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_LEN))
        .or_engine("Argon2id parameters")?;
    let mut memory = vec![Block::new(); params.block_count()];
    let mut key = Zeroizing::new(vec![0; KEY_LEN]);
    let result = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase.expose(), salt, &mut key, &mut memory);
    memory.iter_mut().for_each(zeroize::Zeroize::zeroize);
    result.or_engine("Argon2id")?;
    Ok(key.into())
}

/// A one-way image of the key, which the header keeps.
fn verifier(key: &Secret) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    hmac::sign(&key, b"bastide passphrase verifier v1")
}

/// The text of `path`; where there is none yet, what `create` makes, written first.
fn read_or_create(
    path: &Path,
    create: impl FnOnce() -> Result<Zeroizing<String>, Error>,
) -> Result<Zeroizing<String>, Error> {
    let failed = |source| Error::RootFile { path: path.to_owned(), source };
    if !path.try_exists().map_err(failed)? {
        let text = create()?;
        write_new(path, text.as_bytes()).map_err(failed)?;
    }
    // Checked on the open file, so that what is checked is what is read. Links are followed:
    // container platforms mount secrets through them.
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let distrusted = |why| Error::RootFormat { path: path.to_owned(), why };
    if !metadata.is_file() || metadata.len() > FILE_MAX {
        return Err(distrusted("it is not a small regular file"));
    }
    if metadata.mode() & OTHERS != 0 {
        return Err(distrusted("others than its owner may use it; run chmod 600 on it"));
    }
    if ![rustix::process::geteuid().as_raw(), 0].contains(&metadata.uid()) {
        return Err(distrusted("it belongs to another user"));
    }
    // Filled in place: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_MAX as usize + 1));
    file.take(FILE_MAX).read_to_end(&mut bytes).map_err(failed)?;
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(distrusted("it is not text"))
        }
    }
}

/// Writes a new file so that it is there whole and durable, or not at all. If another process is
/// first, its file stays.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut suffix = [0; 8];
    random::fill(&mut suffix).map_err(io::Error::other)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", hex::encode(suffix)));
    let draft = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&draft)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        // Unlike a rename, a link never replaces a file.
        .and_then(|()| fs::hard_link(&draft, path))
        .or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        });
    fs::remove_file(&draft)?;
    written?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    #[test]
    fn a_file_is_created_once_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.key");
        let first = load_file(&path).expect("created");
        assert!(load_file(&path).expect("read").equals(first.expose()));
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, FILE_MODE);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no draft is left");
        // A second creator leaves the first one's file alone.
        write_new(&path, b"other").expect("harmless");
        assert!(load_file(&path).expect("read").equals(first.expose()));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.key");
        load_file(&path).expect("created");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        let error = load_file(&path).expect_err("too open");
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("chmod");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        assert!(load_file(&link).is_ok(), "a link to a sound file is followed");
    }

    #[test]
    fn a_damaged_file_is_never_a_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.key");
        load_file(&path).expect("created");
        let sound = fs::read(&path).expect("there");
        for i in 0..sound.len() {
            let mut bad = sound.clone();
            bad[i] = if bad[i] == b'0' { b'1' } else { b'0' };
            fs::write(&path, &bad).expect("written");
            assert!(load_file(&path).is_err(), "byte {i}");
        }
        fs::write(&path, b"").expect("written");
        assert!(load_file(&path).is_err(), "an empty file is not replaced");
    }

    #[test]
    fn a_wrong_passphrase_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("header");
        let right = Secret::copy_of(b"correct horse");
        let key = load_passphrase(&path, &right, CHEAP).expect("set up");
        assert!(load_passphrase(&path, &right, COST).expect("opens").equals(key.expose()));
        let wrong = Secret::copy_of(b"battery staple");
        assert!(matches!(load_passphrase(&path, &wrong, CHEAP), Err(Error::WrongPassphrase)));
        let header = fs::read_to_string(&path).expect("text");
        assert!(!header.contains(&hex::encode(key.expose())), "the key is not in the header");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, FILE_MODE);
    }

    #[test]
    fn a_header_cannot_ask_for_everything() {
        let line = |cost: &str| {
            let (salt, verifier) = ("00".repeat(SALT_LEN), "00".repeat(KEY_LEN));
            format!("{HEADER_MAGIC}\nargon2id {cost}\n{salt}\n{verifier}\n")
        };
        assert!(parse_header(&line("64 1 1")).is_some());
        for bad in ["4294967295 1 1", "64 4294967295 1", "64 1 99", "64 1", "64 1 1 1", "x 1 1"] {
            assert!(parse_header(&line(bad)).is_none(), "{bad}");
        }
    }
}
