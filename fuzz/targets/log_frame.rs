//! Any bytes are a whole frame of the commit log or none, and a group that was read is written as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use store::frame::Group;

fn written(group: &Group) -> Vec<u8> {
    let mut bytes = Vec::new();
    group.write(&mut bytes);
    bytes
}

fuzz_target!(|input: (i64, &[u8])| {
    let (seq, bytes) = input;
    if let Some((group, length)) = Group::read(bytes) {
        assert_eq!(written(&group), bytes[..length]);
    }
    // Past the checksum, which chance does not guess.
    if let Some(group) = Group::parse(seq, bytes) {
        let frame = written(&group);
        let (read, length) = Group::read(&frame).expect("whole");
        assert_eq!(length, frame.len());
        assert_eq!(written(&read), frame);
        assert!(frame.ends_with(bytes));
    }
});
