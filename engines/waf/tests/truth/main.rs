//! The compiled engine against a second one that goes through the document rule by rule and shares only the parsed document, the text
//! transformations and the two detectors, which have vectors of their own. Random worlds must get the same verdict for the same reasons.
//! `BASTIDE_LONG=1` tries a million requests.

mod naive;
mod parts;
mod reader;
mod world;

use std::collections::HashMap;
use std::sync::Mutex;

use base::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use waf::{Matcher, Options, Place, Places, Rates, Verdict, World};

/// Worlds of an ordinary run, and of a long one. Each judges four requests.
const CASES: u32 = 10_000;
const CASES_LONG: u32 = 250_000;
/// Choices that make a case; enough that the largest worlds do not run out.
const CHOICES: usize = 900;

#[test]
fn two_evaluators_agree() {
    let long = std::env::var_os("BASTIDE_LONG").is_some_and(|value| value == "1");
    let cases = if long { CASES_LONG } else { CASES };
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcomes = std::cell::RefCell::new(HashMap::<String, u32>::new());
    let refused = std::cell::Cell::new(0);
    let run = runner.run(&vec(any::<u8>(), 0..CHOICES), |choices| {
        let world = world::Case::new(&choices);
        let options = Options { body_bytes: world::BODY_BYTES, ..Options::default() };
        let matcher = match Matcher::compile(&world.acl, &world.references, &options) {
            Ok(matcher) => matcher,
            Err(error) => {
                refused.update(|r| r + 1);
                // Only what the generator may run into by chance.
                let text = error.to_string();
                prop_assert!(
                    text.contains("WEB_ACL") || text.contains("RULE_GROUP"),
                    "{text}\n{}",
                    world
                );
                return Ok(());
            }
        };
        let rates = Counts::default();
        let mut naive = naive::Naive::new(&world);
        for request in &world.requests {
            let request = request.borrow();
            let now = Timestamp::from_millis(1_000_000);
            let judged = World { now, rates: &rates, places: &Atlas, token_key: None };
            let verdict = matcher.evaluate(&request, &judged);
            let told = told(&verdict);
            prop_assert_eq!(&told, &naive.judge(&request), "{}\n{:?}", world, request);
            let kind = told.lines().next().unwrap_or_default().to_owned();
            *outcomes.borrow_mut().entry(kind).or_default() += 1;
            for group in verdict.groups {
                let ended =
                    if group.terminating.is_some() { "group ended" } else { "group matched" };
                *outcomes.borrow_mut().entry(ended.to_owned()).or_default() += 1;
            }
        }
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    // The comparison is worth what it reaches: each kind of verdict must be common.
    let outcomes = outcomes.into_inner();
    println!("{outcomes:?} of {cases} worlds with four requests, {} refused", refused.get());
    for kind in
        ["ALLOW", "BLOCK 403", "BLOCK 429", "CAPTCHA", "CHALLENGE", "group ended", "group matched"]
    {
        assert!(
            outcomes.get(kind).is_some_and(|count| *count > cases / 200),
            "{kind}: {outcomes:?}"
        );
    }
    assert!(refused.get() < cases / 20);
}

/// A verdict as both engines tell it: the action, then every reason.
fn told(verdict: &Verdict) -> String {
    let rule = |m: &waf::verdict::RuleMatch| {
        let overridden = m.overridden.map_or("", waf::verdict::ActionKind::as_str);
        format!("{}={}/{overridden}", m.rule, m.action.as_str())
    };
    let rules =
        |list: &[waf::verdict::RuleMatch]| list.iter().map(rule).collect::<Vec<_>>().join(",");
    let status = match &verdict.action {
        waf::Action::Block(response) => format!(" {}", response.status),
        _ => String::new(),
    };
    let mut lines = vec![
        format!("{}{status}", verdict.action.as_str()),
        format!("by {}", verdict.terminating.as_ref().map(rule).unwrap_or_default()),
        format!("after {}", rules(&verdict.non_terminating)),
    ];
    for group in &verdict.groups {
        let ended = group.terminating.as_ref().map(rule).unwrap_or_default();
        let (passed, excluded) = (rules(&group.non_terminating), group.excluded.join(","));
        lines.push(format!("group {} ended {ended} passed {passed} excluded {excluded}", group.id));
    }
    lines.push(format!("labels {}", verdict.labels.join(",")));
    let headers = verdict.inserted_headers.iter().map(|h| format!("{}: {}", h.name, h.value));
    lines.push(format!("headers {}", headers.collect::<Vec<_>>().join(",")));
    let rates = verdict.rates.iter().map(|rate| format!("{}={}", rate.rule, rate.count));
    lines.push(format!("rates {}", rates.collect::<Vec<_>>().join(",")));
    lines.join("\n")
}

/// Every request of a case falls into one window, and each source comes close to the lowest limit before.
pub const COUNTED_BEFORE: u64 = 8;

/// Counts without a clock.
#[derive(Default)]
struct Counts(Mutex<HashMap<(String, Vec<u8>), u64>>);

impl Rates for Counts {
    fn count(&self, rule: &str, source: &[u8], _: u64, _: Timestamp) -> u64 {
        let mut counts = self.0.lock().expect("no test panics while it counts");
        let count = counts.entry((rule.to_owned(), source.to_vec())).or_insert(COUNTED_BEFORE);
        *count += 1;
        *count
    }
}

/// A world of a few addresses.
struct Atlas;

impl Places for Atlas {
    fn place(&self, address: std::net::IpAddr) -> Option<Place> {
        let place = |country: &str, region: Option<&str>| {
            Some(Place { country: country.to_owned(), region: region.map(str::to_owned) })
        };
        match address.to_string().as_str() {
            "10.0.0.1" => place("KR", Some("11")),
            "10.0.0.2" => place("DE", None),
            "2001:db8::1" => place("US", Some("CA")),
            _ => None,
        }
    }

    fn asn(&self, address: std::net::IpAddr) -> Option<u32> {
        match address.to_string().as_str() {
            "10.0.0.1" => Some(64500),
            "10.0.0.2" => Some(64501),
            _ => None,
        }
    }
}
