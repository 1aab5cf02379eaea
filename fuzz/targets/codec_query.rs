//! Form requests of any kind are read or refused, in both dialects.

#![no_main]

use bastide_fuzz::codec;
use libfuzzer_sys::fuzz_target;
use shape::Protocol;

fuzz_target!(|data: &[u8]| {
    let request = bastide_fuzz::request(data);
    codec::through(Protocol::AwsQuery, &request);
    codec::through(Protocol::Ec2Query, &request);
});
