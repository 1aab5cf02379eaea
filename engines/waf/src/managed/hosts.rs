//! Rule sets for operating systems: files and commands of Linux, POSIX shells and Windows.

use super::build::{URL, body, cookies, header, in_order, path, patterns, query, rule};
use crate::document::Rule;
use crate::document::field::FieldToMatch;
use crate::transform::TextTransformation;

const LINUX_FILES: [&str; 3] = [
    r"(?i)/(?:proc/(?:self|version|cpuinfo|mounts|net|\d+)|etc/(?:passwd|shadow|group|hosts|issue|crontab|fstab|sudoers|hostname|os-release|ssh|motd))\b",
    r"(?i)/(?:root|home/[\w.-]+)/\.(?:ssh|bash_history|bashrc|profile|aws|netrc|mysql_history|gnupg)",
    r"(?i)/(?:var/log/(?:auth|apache2?|nginx|syslog|messages|secure|httpd|mail)|var/run/secrets|run/secrets|dev/(?:tcp|udp|shm)/|boot/grub|usr/local/etc/)",
];

const NAMES: &str = "cat|tac|nl|head|tail|less|more|ls|dir|id|whoami|uname|hostname|pwd|ps|env|printenv|ifconfig|netstat|wget|curl|fetch|nc|ncat|netcat|telnet|ssh|scp|ftp|tftp|bash|sh|zsh|ksh|csh|dash|python[23]?|perl|ruby|php|node|lua|gcc|ping6?|nslookup|dig|host|sleep|chmod|chown|rm|mv|cp|ln|touch|mkdir|echo|printf|base64|xxd|find|grep|awk|sed|xargs|kill|reboot|shutdown|crontab|sudo|su|useradd|passwd|mysql|tar|zip|unzip|tee|expr|set|export|eval|exec|source";

fn posix_commands() -> Vec<String> {
    vec![
        // A command after a separator, with an argument that is one, or alone to the end.
        format!(r"(?i)(?:[;|\n\r]|&&|\|\||\$\()\s*(?:/?(?:usr/)?(?:local/)?s?bin/)?(?:{NAMES})\b(?:\s*(?:[;|&`)<>\n]|$)|\s+(?:[-/.~$|><'\x22*]|\d|https?:|[\w.-]+\.\w+|[\w.-]+\s*(?:[;|&`)]|$)))"),
        format!(r"(?i)&\s*(?:/?(?:usr/)?bin/)?(?:{NAMES})(?:\s+[-/~$]\S|\s*&|\s*$)"),
        r"(?i)(?:^|[^\w])/(?:usr/)?(?:local/)?s?bin/[a-z][\w.-]+".to_owned(),
        r"\$\{?IFS\b|\$\(\s*[a-z/(<]|\$\{[A-Za-z_]+[:#%/]|\$\(\(|<\(\s*\w|>\(\s*\w".to_owned(),
        r"(?i)(?:bash|sh|nc|ncat)\s+-[a-z]*[ice]\b|/dev/(?:tcp|udp)/|mkfifo\s|0<&\d+|>&\s*/dev|2>&1".to_owned(),
        format!(r"(?i)(?:^|[^`])`\s*(?:/\S+/)?(?:{NAMES})\b[^`\n]*`(?:[^`]|$)"),
        r"\(\)\s*\{\s*(?::|_|\w+)?\s*;?\s*\}\s*;".to_owned(),
        r"(?i)(?:wget|curl|fetch)\s+(?:-\S+\s+)*(?:https?://|ftp://|\d{1,3}\.\d{1,3}\.|\$)".to_owned(),
        r"(?i)(?:^|[\s;|&])(?:cat|less|more|head|tail|tac|nl)\s+(?:-\w+\s+)*(?:/|\.\./|~|\$)\S".to_owned(),
        r"(?i)(?:^|[\s;|&])(?:chmod|chown)\s+(?:-\w+\s+)*(?:[0-7]{3,4}|[ugoa]*[+=-][rwxst]+|root)\b|rm\s+-[a-z]*[rf]".to_owned(),
    ]
}

const WINDOWS_SHELL: [&str; 7] = [
    r"(?i)\bcmd(?:\.exe)?\s*(?:/|-)[ckq]\b|\bcommand\.com\b|%comspec%",
    r"(?i)\bnet1?(?:\.exe)?\s+(?:user|localgroup|group|share|use|view|start|stop|accounts|session)\b",
    r"(?i)\b(?:type|dir|del|copy|move|attrib|icacls|cacls|takeown)\s+(?:/\w+\s+)*(?:[c-z]:[\\/]|%\w+%|\\\\|\.\.\\)",
    r"(?i)\b(?:certutil|bitsadmin|mshta|regsvr32|rundll32|wmic|cscript|wscript|schtasks|vssadmin|reg|sc|tasklist|taskkill|systeminfo|ipconfig|nltest|whoami|msiexec|installutil|odbcconf|forfiles)(?:\.exe)?\s+(?:[-/]|https?:|process|os\b|query|add|config|create|javascript:|\S+\.(?:dll|sct|hta|msi))",
    r"(?i)%(?:systemroot|windir|appdata|temp|tmp|userprofile|programfiles|programdata|systemdrive)%",
    r"(?i)[&|;\n]\s*(?:dir|whoami|ipconfig|systeminfo|tasklist|ver|vol|hostname|netstat)\s*(?:$|[&|;/\n])",
    r"(?i)c:[\\/]+(?:windows|winnt|inetpub)[\\/]",
];

const POWERSHELL: [&str; 6] = [
    r"(?i)\bp(?:ower)?wsh\b|\bpowershell(?:\.exe)?\b\s*(?:-|/|\x22|'|$|&|\|)",
    r"(?i)\b(?:invoke-(?:expression|webrequest|restmethod|command|item|mimikatz|shellcode|wmimethod)|iex|iwr|irm)\b\s*[(\x22'$-]",
    r"(?i)\b(?:invoke-(?:expression|webrequest|command|mimikatz)|start-process|get-(?:content|childitem|process|wmiobject|credential|acl)|set-executionpolicy|new-object|add-type|out-file|set-content|remove-item|downloadstring|downloadfile|frombase64string)\b",
    r"(?i)\bsystem\.(?:net\.webclient|net\.sockets|reflection\.assembly|diagnostics\.process|management\.automation|io\.(?:file|streamreader)|convert)\b",
    r"(?i)-(?:e|ec|enc|encodedcommand)\s+[a-z0-9+/=]{8,}|-exec(?:utionpolicy)?\s+bypass|-w(?:indowstyle)?\s+hidden|-nop\b",
    r"(?i)\$(?:env|psversiontable|executioncontext|pshome)\b:?",
];

/// Linux.
pub(super) fn linux() -> Vec<Rule> {
    let files = |field: &FieldToMatch| patterns(field, URL, &LINUX_FILES);
    in_order(vec![
        rule("LFI_URIPATH", files(&path())),
        rule("LFI_QUERYSTRING", files(&query())),
        rule("LFI_HEADER", files(&header("referer"))),
    ])
}

/// POSIX shells.
pub(super) fn posix() -> Vec<Rule> {
    const CHAIN: &[TextTransformation] = &[TextTransformation::UrlDecodeUni];
    let commands = posix_commands();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let shell = |field: &FieldToMatch| patterns(field, CHAIN, &commands);
    in_order(vec![
        rule("UNIXShellCommandsVariables_QUERYARGUMENTS", shell(&query())),
        rule("UNIXShellCommandsVariables_BODY", shell(&body())),
    ])
}

/// Windows.
pub(super) fn windows() -> Vec<Rule> {
    let shell = |field: &FieldToMatch| patterns(field, URL, &WINDOWS_SHELL);
    let power = |field: &FieldToMatch| patterns(field, URL, &POWERSHELL);
    let (query, body, cookies) = (query(), body(), cookies());
    in_order(vec![
        rule("WindowsShellCommands_COOKIE", shell(&cookies)),
        rule("WindowsShellCommands_QUERYARGUMENTS", shell(&query)),
        rule("WindowsShellCommands_BODY", shell(&body)),
        rule("PowerShellCommands_COOKIE", power(&cookies)),
        rule("PowerShellCommands_QUERYARGUMENTS", power(&query)),
        rule("PowerShellCommands_BODY", power(&body)),
    ])
}
