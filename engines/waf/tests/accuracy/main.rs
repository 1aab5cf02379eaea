//! How much the managed rules catch, and how much they disturb: attack corpora of other projects, read where Debian's packages `sqlmap`, `wfuzz` and
//! `wapiti` put them, attacks that are written here, and clean traffic that is generated. Prints the tables of `docs/waf-accuracy.md` and holds the bars.

mod attacks;
mod clean;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use base::Timestamp;
use waf::{
    Action, Matcher, Nowhere, Options, References, Request, SearchStrings, Sliding, Verdict,
    WebAcl, World,
};

/// Parts of attacks that core, known bad inputs and SQLi together must catch, in percent.
const CAUGHT_MIN: f64 = 95.0;
/// Parts of clean requests that they may block, in percent.
const DISTURBED_MAX: f64 = 0.5;
/// Clean requests that are generated.
const CLEAN: usize = 10_000;

const BASE: [&str; 3] = [
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
];
const OTHERS: [&str; 6] = [
    "AWSManagedRulesLinuxRuleSet",
    "AWSManagedRulesUnixRuleSet",
    "AWSManagedRulesWindowsRuleSet",
    "AWSManagedRulesPHPRuleSet",
    "AWSManagedRulesWordPressRuleSet",
    "AWSManagedRulesAdminProtectionRuleSet",
];

/// A request that owns its parts.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Owned {
    fn borrow(&self) -> Request<'_> {
        let ip = IpAddr::from([192, 0, 2, 1]);
        let mut request = Request::new(ip, self.method, self.target.as_bytes())
            .with_header("Host", b"shop.example")
            .with_header("User-Agent", words::AGENT.as_bytes())
            .with_header("Accept", b"*/*");
        for (name, value) in &self.headers {
            request = request.with_header(name, value.as_bytes());
        }
        request.with_body(&self.body)
    }
}

#[test]
fn attacks_are_caught_and_clean_requests_pass() {
    let base = Subject::new(&BASE);
    let single: Vec<Subject> =
        BASE.iter().chain(&OTHERS).map(|name| Subject::new(&[*name])).collect();
    let all: Vec<&str> = BASE.iter().chain(&OTHERS).copied().collect();
    let everything = Subject::new(&all);
    let show = std::env::var("WAF_SHOW").unwrap_or_default();
    let mut out = String::from(
        "| Corpus | Requests | Caught by the three % | By all nine % |\n|---|---:|---:|---:|\n",
    );
    let (mut attacks, mut caught) = (0, 0);
    for corpus in attacks::corpora() {
        let requests: Vec<Owned> =
            corpus.payloads.iter().flat_map(|payload| attacks::carried(payload)).collect();
        if requests.is_empty() {
            eprintln!("{}: not installed, left out", corpus.name);
            continue;
        }
        let by_base = requests.iter().filter(|request| base.ends(request).is_some()).count();
        let by_all = requests.iter().filter(|request| everything.ends(request).is_some()).count();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            corpus.name,
            requests.len(),
            percent(by_base, requests.len()),
            percent(by_all, requests.len())
        );
        if corpus.for_the_base {
            attacks += requests.len();
            caught += by_base;
        }
        if !show.is_empty() && corpus.name.contains(&show) {
            let missed = requests.iter().filter(|request| base.ends(request).is_none());
            missed.for_each(|request| {
                eprintln!("MISSED {} {}", request.target, String::from_utf8_lossy(&request.body))
            });
        }
    }
    let clean = clean::requests(CLEAN);
    let _ = write!(
        out,
        "\n| Group | Attacks caught % | Clean requests blocked % | Rules that blocked clean requests |\n|---|---:|---:|---|\n"
    );
    let attack_requests: Vec<Owned> = attacks::corpora()
        .into_iter()
        .filter(|corpus| corpus.for_the_base)
        .flat_map(|corpus| {
            corpus.payloads.iter().flat_map(|payload| attacks::carried(payload)).collect::<Vec<_>>()
        })
        .collect();
    for (name, subject) in BASE.iter().chain(&OTHERS).zip(&single) {
        row(&mut out, name, subject, &attack_requests, &clean, &show);
    }
    let disturbed =
        row(&mut out, "core + known bad inputs + SQLi", &base, &attack_requests, &clean, &show);
    row(&mut out, "all nine", &everything, &attack_requests, &clean, &show);
    eprintln!("{out}");
    let caught = 100.0 * caught as f64 / attacks as f64;
    eprintln!(
        "{attacks} attacks, {caught:.2} % caught; {} clean requests, {disturbed:.3} % blocked",
        clean.len()
    );
    assert!(caught >= CAUGHT_MIN, "{caught}");
    assert!(disturbed <= DISTURBED_MAX, "{disturbed}");
}

/// Writes a group's line and gives the part of clean requests that it blocks.
fn row(
    out: &mut String,
    name: &str,
    subject: &Subject,
    attacks: &[Owned],
    clean: &[Owned],
    show: &str,
) -> f64 {
    let caught = attacks.iter().filter(|request| subject.ends(request).is_some()).count();
    let mut by_rule = BTreeMap::<String, usize>::new();
    for request in clean {
        if let Some(rule) = subject.ends(request) {
            if show == "clean" {
                eprintln!(
                    "BLOCKED {rule} {} {}",
                    request.target,
                    String::from_utf8_lossy(&request.body)
                );
            }
            *by_rule.entry(rule).or_default() += 1;
        }
    }
    let disturbed: usize = by_rule.values().sum();
    let rules: Vec<_> = by_rule.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    let _ = writeln!(
        out,
        "| {name} | {} | {} | {} |",
        percent(caught, attacks.len()),
        percent(disturbed, clean.len()),
        rules.join(", ")
    );
    100.0 * disturbed as f64 / clean.len() as f64
}

fn percent(part: usize, whole: usize) -> String {
    format!("{:.2}", 100.0 * part as f64 / whole as f64)
}

/// A Web ACL of managed groups.
struct Subject {
    matcher: Matcher,
    rates: Sliding,
}

impl Subject {
    fn new(groups: &[&str]) -> Self {
        let metric =
            r#"{"SampledRequestsEnabled":false,"CloudWatchMetricsEnabled":false,"MetricName":"m"}"#;
        let rules = groups.iter().enumerate().map(|(priority, name)| {
            format!(
                r#"{{"Name":"{name}","Priority":{priority},"OverrideAction":{{"None":{{}}}},"VisibilityConfig":{metric},
                "Statement":{{"ManagedRuleGroupStatement":{{"VendorName":"AWS","Name":"{name}"}}}}}}"#
            )
        });
        let rules = rules.collect::<Vec<_>>().join(",");
        let text = format!(
            r#"{{"Name":"w","DefaultAction":{{"Allow":{{}}}},"VisibilityConfig":{metric},"Rules":[{rules}]}}"#
        );
        let acl = WebAcl::parse(&text, SearchStrings::Base64).expect("a Web ACL");
        let matcher = Matcher::compile(&acl, &References::default(), &Options::default())
            .expect("it compiles");
        Self { matcher, rates: Sliding::new(10) }
    }

    /// The rule that blocks a request.
    fn ends(&self, request: &Owned) -> Option<String> {
        let world = World {
            now: Timestamp::from_millis(0),
            rates: &self.rates,
            places: &Nowhere,
            token_key: None,
        };
        let verdict: Verdict = self.matcher.evaluate(&request.borrow(), &world);
        if verdict.action == Action::Allow {
            return None;
        }
        verdict
            .groups
            .iter()
            .find_map(|group| group.terminating.as_ref())
            .map(|rule| rule.rule.to_string())
    }
}
