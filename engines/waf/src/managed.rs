//! Managed rule groups under AWS's names, with detection content of our own: tables in this engine's rule language. The names of groups
//! and rules, their labels and capacities are those that AWS documents, so that overrides and label matches of an existing Web ACL hold.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html>

mod bots;
mod build;
mod core;
mod hosts;
mod known_bad;
mod lists;
mod software;
mod sql;

use crate::document::Rule;
use crate::error::Error;

/// The vendor whose names the groups bear.
pub const VENDOR: &str = "AWS";

/// A managed rule group.
#[derive(Clone, Debug)]
pub struct ManagedGroup {
    /// Its name.
    pub name: &'static str,
    /// Its WCUs.
    pub capacity: u64,
    /// The beginning of its labels.
    pub namespace: String,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// Name, WCUs, part of the labels, and the rules of a group.
type Entry = (&'static str, u64, &'static str, fn() -> Vec<Rule>);

/// Every group that is built. Groups that AWS has beside them (account takeover, account creation, DDoS) are not, and a Web ACL that
/// refers to one does not compile.
const GROUPS: [Entry; 12] = [
    ("AWSManagedRulesCommonRuleSet", 700, "core-rule-set", core::rules),
    ("AWSManagedRulesAdminProtectionRuleSet", 100, "admin-protection", software::admin),
    ("AWSManagedRulesKnownBadInputsRuleSet", 200, "known-bad-inputs", known_bad::rules),
    ("AWSManagedRulesSQLiRuleSet", 200, "sql-database", sql::rules),
    ("AWSManagedRulesLinuxRuleSet", 200, "linux-os", hosts::linux),
    ("AWSManagedRulesUnixRuleSet", 100, "posix-os", hosts::posix),
    ("AWSManagedRulesWindowsRuleSet", 200, "windows-os", hosts::windows),
    ("AWSManagedRulesPHPRuleSet", 100, "php-app", software::php),
    ("AWSManagedRulesWordPressRuleSet", 100, "wordpress-app", software::wordpress),
    ("AWSManagedRulesAmazonIpReputationList", 25, "amazon-ip-list", lists::reputation),
    ("AWSManagedRulesAnonymousIpList", 50, "anonymous-ip-list", lists::anonymous),
    ("AWSManagedRulesBotControlRuleSet", 50, "bot-control", bots::rules),
];

/// The names of the groups.
pub fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|(name, ..)| *name)
}

/// The WCUs of a group.
pub fn capacity(name: &str) -> Option<u64> {
    GROUPS.iter().find(|(own, ..)| *own == name).map(|(_, capacity, ..)| *capacity)
}

/// The group of a vendor.
pub fn group(vendor: &str, name: &str) -> Result<ManagedGroup, Error> {
    let found = GROUPS.iter().find(|(own, ..)| *own == name && vendor == VENDOR);
    let (name, capacity, label, rules) = found
        .ok_or_else(|| Error::Missing(format!("managed rule group {name} of vendor {vendor}")))?;
    let namespace = format!("awswaf:managed:aws:{label}:");
    Ok(ManagedGroup { name, capacity: *capacity, namespace, rules: rules() })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::document::IPSet;
    use crate::{Matcher, Nowhere, Options, References, Request, Sliding, WebAcl, World};

    /// A Web ACL of managed groups, each of them blocking.
    fn matcher(names: &[&str]) -> Matcher {
        let metric =
            r#"{"SampledRequestsEnabled":false,"CloudWatchMetricsEnabled":false,"MetricName":"m"}"#;
        let rules = names.iter().enumerate().map(|(priority, name)| {
            format!(
                r#"{{"Name":"{name}","Priority":{priority},"OverrideAction":{{"None":{{}}}},"VisibilityConfig":{metric},
                "Statement":{{"ManagedRuleGroupStatement":{{"VendorName":"AWS","Name":"{name}"}}}}}}"#
            )
        });
        let rules = rules.collect::<Vec<_>>().join(",");
        let text = format!(
            r#"{{"Name":"w","DefaultAction":{{"Allow":{{}}}},"VisibilityConfig":{metric},"Rules":[{rules}]}}"#
        );
        let acl = WebAcl::parse(&text, crate::SearchStrings::Base64).expect("a Web ACL");
        let mut references = References::default();
        for list in lists::NAMES {
            let set = r#"{"Name":"l","IPAddressVersion":"IPV4","Addresses":["198.51.100.0/24"]}"#;
            let set: IPSet = serde_json::from_str(set).expect("a set");
            references.ip_sets.insert(list.to_owned(), set);
        }
        Matcher::compile(&acl, &references, &Options::default()).expect("it compiles")
    }

    /// The rule that ends a request.
    fn ended_by(matcher: &Matcher, request: &Request<'_>) -> Option<String> {
        let rates = Sliding::new(10);
        let now = base::Timestamp::from_millis(0);
        let world = World { now, rates: &rates, places: &Nowhere, token_key: None };
        let verdict = matcher.evaluate(request, &world);
        verdict.groups.iter().find_map(|g| g.terminating.as_ref()).map(|rule| rule.rule.to_string())
    }

    fn get(target: &str) -> Request<'_> {
        let ip = std::net::IpAddr::from([192, 0, 2, 1]);
        let request =
            Request::new(ip, "GET", target.as_bytes()).with_header("Host", b"shop.example");
        request.with_header(
            "User-Agent",
            b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
    }

    #[test]
    fn every_group_compiles_and_names_are_unique() {
        let all: Vec<_> = names().collect();
        // In two Web ACLs, since AWS permits 5,000 WCUs to one.
        for part in all.chunks(6) {
            assert!(matcher(part).capacity() > 0);
        }
        for name in all {
            let group = group(VENDOR, name).expect("a group");
            let mut seen = HashSet::new();
            assert!(group.rules.iter().all(|rule| seen.insert(rule.name.clone())), "{name}");
            assert!(group.rules.iter().all(|rule| !rule.rule_labels.is_empty()), "{name}");
        }
        assert!(group(VENDOR, "AWSManagedRulesATPRuleSet").is_err());
        assert!(group("Other", "AWSManagedRulesCommonRuleSet").is_err());
    }

    #[test]
    fn each_rule_ends_what_it_is_named_for() {
        let matcher = matcher(&[
            "AWSManagedRulesCommonRuleSet",
            "AWSManagedRulesKnownBadInputsRuleSet",
            "AWSManagedRulesSQLiRuleSet",
            "AWSManagedRulesLinuxRuleSet",
            "AWSManagedRulesUnixRuleSet",
            "AWSManagedRulesWindowsRuleSet",
            "AWSManagedRulesPHPRuleSet",
            "AWSManagedRulesWordPressRuleSet",
            "AWSManagedRulesAdminProtectionRuleSet",
        ]);
        let cases = [
            ("/a?u=http://169.254.169.254/latest/meta-data/", "EC2MetaDataSSRF_QUERYARGUMENTS"),
            ("/a?f=../../../../etc/passwd", "GenericLFI_QUERYARGUMENTS"),
            ("/a/%2e%2e/%2e%2e/etc/passwd", "GenericLFI_URIPATH"),
            ("/app/config.ini", "RestrictedExtensions_URIPATH"),
            ("/a?f=server.log", "RestrictedExtensions_QUERYARGUMENTS"),
            ("/a?u=http://203.0.113.9/x.txt", "GenericRFI_QUERYARGUMENTS"),
            ("/a?q=%3Cscript%3Ealert(1)%3C/script%3E", "CrossSiteScripting_QUERYARGUMENTS"),
            ("/a?q=%253Cscript%253Ealert(1)", "CrossSiteScripting_QUERYARGUMENTS"),
            ("/a?q=$%7Bjndi:ldap://x.example/a%7D", "Log4JRCE_QUERYSTRING"),
            ("/a?q=$%7B$%7Blower:j%7Dndi:ldap://x/a%7D", "Log4JRCE_QUERYSTRING"),
            ("/.git/config", "ExploitablePaths_URIPATH"),
            ("/a?id=1'+or+'1'='1", "SQLi_QUERYARGUMENTS"),
            ("/a?c=;cat+notes.txt", "UNIXShellCommandsVariables_QUERYARGUMENTS"),
            ("/a?c=powershell+-enc+SQBFAFgA", "PowerShellCommands_QUERYARGUMENTS"),
            ("/a?c=cmd.exe+/c+dir", "WindowsShellCommands_QUERYARGUMENTS"),
            ("/a?c=phpinfo()", "PHPHighRiskMethodsVariables_QUERYSTRING"),
            ("/xmlrpc.php", "WordPressExploitablePaths_URIPATH"),
            ("/phpmyadmin/", "AdminProtection_URIPATH"),
        ];
        for (target, rule) in cases {
            assert_eq!(ended_by(&matcher, &get(target)).as_deref(), Some(rule), "{target}");
        }
        for clean in
            ["/", "/search?q=rock+%27n%27+roll", "/a/b.html?x=1&y=%EA%B0%80", "/static/app.3f2a.js"]
        {
            assert_eq!(ended_by(&matcher, &get(clean)), None, "{clean}");
        }
        let ip = std::net::IpAddr::from([192, 0, 2, 1]);
        assert_eq!(
            ended_by(&matcher, &Request::new(ip, "GET", b"/")).as_deref(),
            Some("NoUserAgent_HEADER")
        );
    }

    #[test]
    fn lists_are_what_was_handed_in() {
        let matcher = matcher(&["AWSManagedRulesAnonymousIpList"]);
        let mut request = get("/");
        assert_eq!(ended_by(&matcher, &request), None);
        request.client_ip = std::net::IpAddr::from([198, 51, 100, 7]);
        assert_eq!(ended_by(&matcher, &request).as_deref(), Some("AnonymousIPList"));
    }
}
