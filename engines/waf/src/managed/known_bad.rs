//! Known bad inputs: requests that exploit single, well-known weaknesses of frameworks, and paths that only scanners ask for.

use super::build::{
    URL, URL_HTML, any, body, exactly, header, headers, in_order, method, path, patterns, query,
    rule, words,
};
use crate::document::Rule;
use crate::document::field::FieldToMatch;
use crate::document::statement::Statement;

/// Lookups of Log4j, written out or built from other lookups.
const LOG4J: [&str; 4] = [
    r"(?i)\$\{\s*jndi\s*:",
    r"(?i)\$\{[^}]{0,100}\$\{[^}]{0,100}\}[^}]{0,200}(?::|ldap|rmi|dns|iiop|corba|nds)",
    r"(?i)\$\{(?:lower|upper|env|sys|java|date|ctx|main|log4j|bundle|docker|k8s|spring|base64|marker)\s*:[^}]{0,200}\}",
    r"(?i)\$\{(?:::-|[a-z]*:-)[^}]{0,40}\}",
];

/// Java objects and expressions where text is expected.
const JAVA: [&str; 10] = [
    r"rO0AB[XQ]",
    r"(?i)aced0005(?:73|77|74)",
    r"(?i)java\.(?:lang\.(?:runtime|processbuilder|system|class|thread|reflect)|io\.(?:file|objectinputstream)|net\.(?:url|socket)|util\.scanner)",
    r"(?i)javax\.(?:naming|script\.scriptenginemanager|management)|com\.sun\.(?:rowset|org\.apache)|org\.apache\.commons\.(?:collections|beanutils)|org\.springframework\.(?:context|expression|cglib|beans)",
    r"(?i)(?:getruntime\s*\(\s*\)|\.getclass\s*\(\s*\)|\.forname\s*\(|\.newinstance\s*\(|processbuilder\s*\(|defineclass\s*\()",
    r"(?i)class\.module\.classloader|class\.classloader|classloader\.(?:urls|resources|parent|defaultassertionstatus)",
    r"(?i)(?:\bt\s*\(\s*java\.|#_memberaccess|#context\b|#parameters\b|@java\.lang|@ognl\.|%\{\s*\(?\s*#|#\{\s*t\s*\()",
    r"(?i)(?:%|\$|#|\*)\{[^}]{0,200}(?:\(|@)[^}]{0,200}\}",
    r"(?i)!!(?:javax|java|com|org)\.",
    r"(?i)<(?:java|object|void|soapenv:[a-z]+)[^>]{0,200}(?:class|method)\s*=\s*['\x22](?:java|com|org|exec|start)",
];

/// Prototype pollution and server functions of React and Node.
const JAVASCRIPT: [&str; 5] = [
    r"__proto__|constructor(?:\]?\[|\.|:)prototype|prototype(?:\]?\[|\.|:)constructor",
    r"(?i)constructor:constructor|\$\d+:(?:constructor|__proto__|then)",
    r"(?i)(?:process|global)\s*\.\s*(?:mainmodule|binding|env|constructor)|require\s*\(\s*['\x22](?:child_process|fs|net|vm|os|http)['\x22]",
    r"(?i)child_process|_\$\$nd_func\$\$_",
    r#"(?i)^\s*(?:function\s*\(|\(\s*function|\(\)\s*=>).{0,300}(?:exec|require|process)"#,
];

const PATHS: [&str; 66] = [
    "/.git/",
    "/.git",
    "/.svn/",
    "/.hg/",
    "/.bzr/",
    "/.env",
    "/.aws/",
    "/.ssh/",
    "/.htpasswd",
    "/.htaccess",
    "/.bash_history",
    "/.docker",
    "/.kube/",
    "/.npmrc",
    "/.pypirc",
    "/.netrc",
    "/.vscode/sftp",
    "/.idea/",
    "/.ds_store",
    "/web-inf/",
    "/meta-inf/",
    "/web.config",
    "/server-status",
    "/server-info",
    "/phpunit/",
    "/eval-stdin.php",
    "/_ignition/execute-solution",
    "/actuator/env",
    "/actuator/heapdump",
    "/actuator/gateway",
    "/actuator/jolokia",
    "/jolokia/",
    "/jmx-console",
    "/web-console",
    "/invoker/jmxinvokerservlet",
    "/invoker/ejbinvokerservlet",
    "/manager/html",
    "/host-manager/html",
    "/solr/admin/",
    "/cgi-bin/luci",
    "/cgi-bin/test-cgi",
    "/cgi-bin/php",
    "/boaform/",
    "/hnap1",
    "/gponform/",
    "/setup.cgi",
    "/login.cgi",
    "/tmui/login.jsp",
    "/mgmt/tm/util/bash",
    "/remote/fgt_lang",
    "/dana-na/",
    "/vpns/",
    "/vpn/../",
    "/owa/auth/x.js",
    "/autodiscover/autodiscover.json?@",
    "/ecp/y.js",
    "/wls-wsat/",
    "/_async/asyncresponseservice",
    "/console/css/",
    "/console/images/%2",
    "/struts2-showcase",
    "/orders.xhtml",
    "/telescope/requests",
    "/debug/default/view",
    "/shell?cd+/tmp",
    "/sftp-config.json",
];

/// The rules.
pub(super) fn rules() -> Vec<Rule> {
    let (query, body, path, headers) = (query(), body(), path(), headers());
    let java = |field: &FieldToMatch| patterns(field, URL, &JAVA);
    let log4j = |field: &FieldToMatch| patterns(field, URL_HTML, &LOG4J);
    in_order(vec![
        rule("JavaDeserializationRCE_HEADER", java(&headers)),
        rule("JavaDeserializationRCE_BODY", java(&body)),
        rule("JavaDeserializationRCE_URIPATH", java(&path)),
        rule("JavaDeserializationRCE_QUERYSTRING", java(&query)),
        rule("Host_localhost_HEADER", localhost()),
        rule("PROPFIND_METHOD", exactly(method(), "PROPFIND")),
        rule(
            "ExploitablePaths_URIPATH",
            any([
                words(&path, URL, &PATHS),
                patterns(
                    &path,
                    URL,
                    &[
                        r"(?i)\.(?:php|asp|aspx|jsp)[\d]?/.+\.(?:php|jsp)$",
                        r"(?i)\.(?:asa|asax|ascx|axd|cs|vb|rem|soap)$",
                    ],
                ),
            ]),
        ),
        rule("Log4JRCE_HEADER", log4j(&headers)),
        rule("Log4JRCE_QUERYSTRING", log4j(&query)),
        rule("Log4JRCE_BODY", log4j(&body)),
        rule("Log4JRCE_URIPATH", log4j(&path)),
        rule("ReactJSRCE_BODY", patterns(&body, URL, &JAVASCRIPT)),
    ])
}

fn localhost() -> Statement {
    patterns(
        &header("host"),
        &[],
        &[r"(?i)^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)(?::\d+)?$"],
    )
}
