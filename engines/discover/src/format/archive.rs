//! Compressed streams and archives. Members are read as objects of their own, as they stream by; a member that cannot be
//! read is told, and the others go on. What expands beyond reason stops the object ([`super::Budget`]).

use std::io::{self, BufRead as _, BufReader, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::{Input, Source, Unreadable, Walk};

/// Most memory that an xz stream may ask for, in KiB.
const XZ_MEMORY_KIB: u32 = 128 << 10;
/// Largest window of a Zstandard frame, in bytes.
const ZSTD_WINDOW_BYTES: usize = 128 << 20;
/// Most members of an archive.
const MEMBERS_MAX: usize = 1 << 20;
/// Longest name of a member, in bytes.
const NAME_MAX_BYTES: usize = 4 << 10;

/// A stream that is compressed as a whole: the same object in another coat.
pub(crate) fn gzip(
    walk: &mut Walk<'_, '_>,
    name: &str,
    source: &mut dyn Read,
) -> Result<(), Unreadable> {
    expanded(walk, name, &mut flate2::read::MultiGzDecoder::new(source))
}

pub(crate) fn bzip2(
    walk: &mut Walk<'_, '_>,
    name: &str,
    source: &mut dyn Read,
) -> Result<(), Unreadable> {
    expanded(walk, name, &mut bzip2::read::MultiBzDecoder::new(source))
}

pub(crate) fn xz(
    walk: &mut Walk<'_, '_>,
    name: &str,
    source: &mut dyn Read,
) -> Result<(), Unreadable> {
    expanded(walk, name, &mut lzma_rust2::XzReader::new_mem_limit(source, true, XZ_MEMORY_KIB))
}

pub(crate) fn zstd(
    walk: &mut Walk<'_, '_>,
    name: &str,
    source: &mut dyn Read,
) -> Result<(), Unreadable> {
    expanded(walk, name, &mut Frames { source: Some(BufReader::new(source)), frame: None })
}

fn expanded(walk: &mut Walk<'_, '_>, name: &str, source: &mut dyn Read) -> Result<(), Unreadable> {
    let inner = ["gz", "bz2", "xz", "zst", "tgz", "tbz2", "txz"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending)?.strip_suffix('.'));
    let budget = walk.budget.clone();
    walk.nested(inner.unwrap_or(name), Input::Stream(&mut budget.meter(source)))
}

/// Zstandard frames one after the other.
struct Frames<R: Read> {
    source: Option<BufReader<R>>,
    frame: Option<StreamingDecoder<BufReader<R>, FrameDecoder>>,
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(mut frame) = self.frame.take() {
                let length = frame.read(out)?;
                if length > 0 || out.is_empty() {
                    self.frame = Some(frame);
                    return Ok(length);
                }
                self.source = Some(frame.into_inner());
            }
            let Some(mut source) = self.source.take() else { return Ok(0) };
            if source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let frame =
                StreamingDecoder::new_with_max_window_size(source, ZSTD_WINDOW_BYTES as u64);
            self.frame =
                Some(frame.map_err(|error| {
                    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
                })?);
        }
    }
}

/// A ZIP archive that is no office document.
pub(crate) fn zip(walk: &mut Walk<'_, '_>, source: &mut dyn Source) -> Result<(), Unreadable> {
    let mut archive = zip::ZipArchive::new(source).map_err(|error| damaged(&error))?;
    for index in 0..archive.len().min(MEMBERS_MAX) {
        let name = member_name(
            archive.name_for_index(index).and_then(Result::ok).unwrap_or_default().as_ref(),
        );
        let mut member = match archive.by_index(index) {
            Ok(member) => member,
            Err(zip::result::ZipError::UnsupportedArchive(
                zip::result::ZipError::PASSWORD_REQUIRED,
            )) => {
                walk.unread_member(&name, Unreadable::Encrypted);
                continue;
            }
            Err(error) => {
                walk.unread_member(&name, damaged(&error));
                continue;
            }
        };
        if member.is_dir() {
            continue;
        }
        walk.member(&name, &mut member)?;
    }
    if archive.len() > MEMBERS_MAX {
        Err(Unreadable::Limit("members of an archive"))
    } else {
        Ok(())
    }
}

pub(crate) fn damaged(error: &dyn std::error::Error) -> Unreadable {
    Unreadable::Damaged(error.to_string())
}

fn member_name(name: &str) -> String {
    name.chars().take(NAME_MAX_BYTES).collect()
}

/// A tape archive, as a stream.
pub(crate) fn tar(walk: &mut Walk<'_, '_>, source: &mut dyn Read) -> Result<(), Unreadable> {
    let mut archive = tar::Archive::new(source);
    let mut members = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        members += 1;
        if members > MEMBERS_MAX {
            return Err(Unreadable::Limit("members of an archive"));
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = member_name(&String::from_utf8_lossy(&entry.path_bytes()));
        walk.member(&name, &mut entry)?;
    }
    Ok(())
}
