//! Any request finds an operation of a service that is there, or an error to answer with.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wire::route::Router;

static ROUTER: LazyLock<Router> =
    LazyLock::new(|| Router::new(&[&api_kms::SERVICE, &api_sts::SERVICE]));

fuzz_target!(|data: &[u8]| {
    match ROUTER.route(&bastide_fuzz::request(data)) {
        Ok(route) => {
            let operations = route.service.operations;
            assert!(operations.iter().any(|operation| operation.name == route.operation.name));
        }
        Err(error) => assert!((400..500).contains(&error.status())),
    }
});
