//! The SQL database rule set: the tokenizer's verdict, and patterns for what it does not see.

use super::build::{URL, URL_HTML, any, body, cookies, in_order, patterns, query, rule, sqli};
use crate::document::Rule;
use crate::document::field::FieldToMatch;
use crate::document::statement::{SensitivityLevel, Statement};
use crate::transform::TextTransformation;

/// SQL that stands by itself, or that a break out of a string is followed by.
const PATTERNS: [&str; 18] = [
    r"(?i)\bunion\b(?:\s|/\*.*?\*/|\(|\+|%20|\x0b|\xa0)*(?:(?:all|distinct|distinctrow)\b)?(?:\s|/\*.*?\*/|\(|\+|\x0b|\xa0|!\d*)*\bselect\b",
    r"(?i)\b(?:sleep|benchmark|pg_sleep|randomblob|dbms_pipe\.receive_message|dbms_lock\.sleep|dbms_session\.sleep|generate_series|utl_inaddr\.get_host_(?:name|address)|utl_http\.request|ctxsys\.drithsx\.sn|xmltype|extractvalue|updatexml|gtid_subset|json_keys|elt|make_set|exp|polygon|multipoint|linestring|geometrycollection|load_file|sys_eval|sys_exec|xp_cmdshell|xp_dirtree|xp_fileexist|xp_regread|sp_oacreate|sp_executesql|openrowset|opendatasource|lo_import|lo_export|query_to_xml|database_to_xml|pg_read_file|pg_ls_dir|fn_xe_file_target_read_file|like\s*\(\s*char)\s*\(.*(?:\)|$)",
    r"(?i)\bwaitfor\s+(?:delay|time)\s*['\x22(@]",
    r"(?i)\b(?:information_schema|mysql\.(?:user|db|innodb)|pg_catalog|pg_(?:shadow|user|database|tables)|sys(?:objects|columns|databases|users|logins)|master\.\.|msysaccessobjects|sqlite_(?:master|schema)|rdb\$|all_tables|user_tables|user_tab_columns|v\$version|sysibm\.|domain\.(?:tables|columns)|dual\b\s*(?:--|#|where|\)|$))",
    r"(?i)['\x22`)\d](?:\s|\(|\+)*\b(?:and|or|xor|not|having|where|rlike|regexp|div|mod)\b(?:\s|\(|\+|!|~|-)*(?:\d+\s*(?:=|<>|!=|<=>|<|>|like\b|rlike\b|between\b|in\s*\()\s*[('\x22!-]*\d|['\x22]\w*['\x22]\s*(?:=|<>|!=|like\b|rlike\b|<|>)\s*['\x22]|\w+\s*=\s*\w+\s*(?:--|#|/\*)|\(?\s*select\b|exists\s*\(|ascii\s*\(|ord\s*\(|substr|mid\s*\(|length\s*\(|char\s*\(|if\s*\(|case\s+when)",
    r"(?i);\s*(?:select\b[^.;]{0,120}(?:\(|@@|--|#|['\x22]|\bfrom\s+\w+\s*(?:where\b|;|--|#|$))|insert\s+into\s|update\s+[\w.`\[\]]+\s+set\s|delete\s+from\s|(?:drop|create|alter|truncate)\s+(?:table|database|schema|view|user|login|role|function|procedure|index|trigger|alias|or\s+replace)\s|exec(?:ute)?\s+(?:xp_|sp_|master|immediate|\(|@|\w+\.)|declare\s+[@\w]+\s|waitfor\s|shutdown\b\s*(?:;|--|with|$)|grant\s+\w+\s+(?:on|to)\s|merge\s+into\s|call\s+[\w.]+\(|begin\s+(?:declare|dbms|if|select|exec)|copy\s+\w+.{0,40}\b(?:from|to)\s|attach\s+database|if\s*\(|do\s+(?:\$|sleep)|handler\s+\w+\s+(?:open|read)|prepare\s+\w+\s+from|set\s+@)",
    r"(?i)\bselect\b[\w\s,*@`'\x22()\[\].=<>+/|:$-]{1,200}?\bfrom\b[\s(]+[\w.`\x22\[\]]+[\s)]*(?:where\b|limit\s+\d|order\s+by\b|group\s+by\b|union\b|--|#|/\*|;)",
    r"(?i)\(\s*select\b.{1,200}?(?:\bfrom\b|@@|\(|case\b|\bnull\b|\d)",
    r"(?i)['\x22`)]\s*(?:or|and|union|order\s+by|group\s+by|having|limit|procedure|into\s+outfile|waitfor|rlike)\b\s*(?:--|#|/\*|\d+\s*(?:--|#|/\*|=|$|,\s*\d)|[\w@]+\(|[\w.@]+\s*(?:=|<|>|like)\s*['\x22\w(@])|['\x22`]\)*;?(?:--|#|/\*)",
    r"(?i)\b(?:order|group)\s+by\s+(?:\d+|\(|[\w.`]+\s*,\s*\d)[\d,\s]*(?:asc|desc)?\s*(?:--|#|/\*|;|\x00|$)",
    r"(?i)(?:@@(?:version|datadir|hostname|basedir|global|secure_file_priv|servername|language)|\b(?:current_user|session_user|system_user)\s*\(|\bversion\s*\(\s*\)|\bdatabase\s*\(\s*\)|\buser\s*\(\s*\)|\bschema\s*\(\s*\)|\buser_name\s*\(|\bdb_name\s*\(|\bhost_name\s*\()",
    r"(?i)\b(?:concat|concat_ws|group_concat|char|chr|nchar|cast|convert|ascii|ord|hex|unhex|substr|substring|mid|nvl|iif|ifnull|nullif|isnull|coalesce|greatest|least|string_agg|xmlagg|listagg|rawtohex|quote_literal|to_char|decode|make_set|elt|bit_count|row_count|row)\s*\(.{0,200}(?:\bselect\b|0x[0-9a-f]{2}|\bchar\s*\(|\bchr\s*\(|\(\s*\d+\s*\)\s*(?:\|\||\+|&|,)|\bas\s+(?:char|int|numeric|varchar|nvarchar|signed|text)\b|@@)",
    r"(?i)\b(?:into\s+(?:out|dump)file|load\s+data\s+(?:local\s+)?infile|procedure\s+analyse|for\s+xml\s+path|fields\s+terminated|lines\s+terminated)\b",
    r"(?i)/\*!\d{0,6}\s*(?:union|select|and|or|order|sleep|benchmark|insert|delete|drop|update|concat|\w{3,})",
    r"(?i)\bcase\s+(?:when\b.{1,200}?\bthen\b|\w+\s+when\b)",
    r"(?i)^(?:\s|[\d'\x22`)\-+.])*(?:\|\||&&|\b(?:or|and|xor)\b)\s*(?:not\s+)?(?:\(|!|-|~|'|\x22)*\s*[\w']+\s*(?:=|<|>|<>|!=|<=>|like|is|between|in)\s*['\x22(\w-]",
    r"(?i)\b(?:drop|alter|create|truncate)\s+(?:table|database|view|user|schema|index|procedure|function|trigger|login|alias)\b\s+(?:if\s+(?:not\s+)?exists\s+)?[\w.`\x22\[\]#]+\s*(?:;|--|#|\(|\badd\b|\bset\s+\w+\s*=|cascade\b)",
    r"(?i)\b(?:insert\s+into\s+[\w.`\x22\[\]]+\s*(?:\(|values|select)|delete\s+from\s+[\w.`\x22\[\]]+\s*(?:where|;|--|#|$)|update\s+[\w.`\x22\[\]]+\s+set\s+[\w.`\x22\[\]]+\s*=)",
];

/// Operators of document databases where a value is expected.
const DOCUMENTS: [&str; 3] = [
    r"^\$(?:where|ne|gt|gte|lt|lte|in|nin|regex|exists|expr|function|or|and|not|elemmatch|jsonschema)$",
    r"\[\$(?:where|ne|gt|gte|lt|lte|in|nin|regex|exists|expr|function|or|and|not|elemmatch)\]",
    r#"(?i)(?:['\x22{\[,\s]|^)\$(?:where|ne|gt|regex|exists|expr|function)['\x22]?\s*:|(?:'|\x22)\s*(?:\|\||&&|;)\s*(?:this\.|return\b|sleep\s*\(|var\s|\d+\s*==|['\x22]\w*['\x22]\s*==)"#,
];

/// The rules.
pub(super) fn rules() -> Vec<Rule> {
    let (query, body, cookies) = (query(), body(), cookies());
    in_order(vec![
        rule("SQLi_QUERYARGUMENTS", tokens(&query)),
        rule("SQLiExtendedPatterns_QUERYARGUMENTS", extended(&query)),
        rule("SQLi_BODY", tokens(&body)),
        rule("SQLiExtendedPatterns_BODY", extended(&body)),
        rule("SQLi_COOKIE", tokens(&cookies)),
    ])
}

fn tokens(field: &FieldToMatch) -> Statement {
    sqli(field, URL_HTML, SensitivityLevel::Low)
}

fn extended(field: &FieldToMatch) -> Statement {
    const COMMENTS: &[TextTransformation] = &[
        TextTransformation::UrlDecodeUni,
        TextTransformation::ReplaceComments,
        TextTransformation::CompressWhiteSpace,
    ];
    any([
        patterns(field, COMMENTS, &PATTERNS),
        patterns(field, URL, &PATTERNS[13..14]),
        patterns(field, URL, &DOCUMENTS),
    ])
}
