//! Any text is a policy or is refused, and any policy judges any request without a panic.

#![no_main]

use authz::{Document, Kind, Policies, Policy, Principal, Request, Verdict, evaluate};
use base::AccountId;
use libfuzzer_sys::fuzz_target;

const KINDS: [Kind; 9] = [
    Kind::Identity,
    Kind::Boundary,
    Kind::Session,
    Kind::Resource,
    Kind::Key,
    Kind::Trust,
    Kind::ServiceControl,
    Kind::ResourceControl,
    Kind::Endpoint,
];

// The first line is the resource, the rest the policy.
fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (resource, text) = text.split_once('\n').unwrap_or(("*", &text));
    let Ok(document) = Document::parse(text) else { return };
    let user = "arn:aws:iam::123456789012:user/u";
    let mut request =
        Request::new(Principal::user(AccountId::DEFAULT, user), "s3:GetObject", resource);
    request.principal.clone().describe(&mut request.context);
    request.context.set("aws:k", resource.to_owned());
    for kind in KINDS {
        let Ok(policy) = Policy::compile(kind, "p", &document) else { continue };
        let alone = Policies { resource: Some(&policy), ..Policies::default() };
        let decision = evaluate(&request, &alone);
        let decisive = decision.decisive().expect("an answer without a reason");
        assert_eq!(decisive.verdict == Verdict::Allows, decision.allowed);
        assert_eq!(decision.message(&request).is_none(), decision.allowed);
        // What restricts never allows more.
        let bounded = evaluate(&request, &Policies { boundary: Some(&policy), ..alone });
        assert!(decision.allowed || !bounded.allowed, "a boundary that allows");
    }
});
