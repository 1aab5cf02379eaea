//! Bot control at its common level, as far as a request alone tells: clients that name themselves. Verified bots are not told apart, since that takes
//! lookups of names, and nothing is let pass for what it claims to be.

use super::build::{PLAIN, any, header, in_order, larger, not, patterns, rule, words};
use crate::document::Rule;

/// Rules of AWS's names, with the words by which clients of the kind name themselves.
const KINDS: [(&str, &[&str]); 9] = [
    (
        "CategoryAdvertising",
        &["mediapartners-google", "adsbot-google", "adidxbot", "criteobot", "adbeat"],
    ),
    (
        "CategoryArchiver",
        &["archive.org_bot", "ia_archiver", "heritrix", "wayback", "arquivo-web-crawler"],
    ),
    (
        "CategoryContentFetcher",
        &["feedly", "feedfetcher", "flipboard", "pocketparser", "miniflux", "newsblur"],
    ),
    (
        "CategoryLinkChecker",
        &["linkchecker", "w3c-checklink", "xenu link", "dead link checker", "linklint"],
    ),
    (
        "CategoryMonitoring",
        &[
            "pingdom",
            "uptimerobot",
            "statuscake",
            "site24x7",
            "newrelicpinger",
            "uptime-kuma",
            "better uptime",
        ],
    ),
    (
        "CategoryScrapingFramework",
        &[
            "scrapy",
            "colly",
            "crawlee",
            "puppeteer",
            "playwright",
            "headlesschrome",
            "phantomjs",
            "selenium",
            "mechanize",
        ],
    ),
    (
        "CategorySecurity",
        &[
            "censysinspect",
            "expanse",
            "shodan",
            "netcraft",
            "detectify",
            "qualys",
            "zgrab",
            "nuclei",
            "nikto",
        ],
    ),
    (
        "CategorySeo",
        &[
            "ahrefsbot",
            "semrushbot",
            "mj12bot",
            "dotbot",
            "rogerbot",
            "screaming frog",
            "sistrix",
            "serpstatbot",
            "blexbot",
        ],
    ),
    (
        "CategorySocialMedia",
        &[
            "facebookexternalhit",
            "twitterbot",
            "linkedinbot",
            "pinterestbot",
            "whatsapp",
            "telegrambot",
            "discordbot",
            "slackbot",
        ],
    ),
];

/// The rules.
pub(super) fn rules() -> Vec<Rule> {
    let agent = header("user-agent");
    let mut rules: Vec<Rule> =
        KINDS.iter().map(|(name, kinds)| rule(name, words(&agent, PLAIN, kinds))).collect();
    let libraries = r"(?i)^(?:curl|wget|python-requests|python-urllib|aiohttp|httpx|go-http-client|java|okhttp|apache-httpclient|libwww-perl|axios|node-fetch|got|undici|guzzlehttp|ruby|faraday|rest-client|postmanruntime|insomnia|httpie|reqwest|hyper|dart|lua-resty-http|winhttp)\b";
    rules.push(rule("CategoryHttpLibrary", patterns(&agent, PLAIN, &[libraries])));
    rules.push(rule(
        "CategoryAI",
        words(
            &agent,
            PLAIN,
            &[
                "gptbot",
                "claudebot",
                "anthropic-ai",
                "ccbot",
                "perplexitybot",
                "bytespider",
                "amazonbot",
                "google-extended",
                "applebot-extended",
                "cohere-ai",
                "meta-externalagent",
            ],
        ),
    ));
    rules.push(rule(
        "CategorySearchEngine",
        words(
            &agent,
            PLAIN,
            &[
                "googlebot",
                "bingbot",
                "yandexbot",
                "baiduspider",
                "duckduckbot",
                "yeti/",
                "naverbot",
                "daumoa",
                "sogou",
                "applebot/",
            ],
        ),
    ));
    rules.push(rule(
        "CategoryMiscellaneous",
        patterns(&agent, PLAIN, &[r"(?i)\b(?:bot|crawler|spider)\b[/ ;)]"]),
    ));
    rules.push(rule(
        "SignalNonBrowserUserAgent",
        any([
            not(larger(agent.clone(), 0)),
            not(patterns(&agent, PLAIN, &[r"(?i)^(?:mozilla/|opera/)"])),
        ]),
    ));
    in_order(rules)
}
