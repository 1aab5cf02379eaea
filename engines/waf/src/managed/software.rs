//! Rule sets for single applications: PHP, WordPress, and the pages of administrators.

use super::build::{URL, body, headers, in_order, path, patterns, query, rule, words};
use crate::document::Rule;
use crate::document::field::FieldToMatch;

const PHP: [&str; 8] = [
    r"(?i)<\?(?:php|=|\s)",
    r"(?i)\$_(?:get|post|request|cookie|server|files|session|env)\b|\$globals\b",
    r"(?i)\b(?:eval|assert|system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec|create_function|call_user_func(?:_array)?|preg_replace|include|require)(?:_once)?\s*\(\s*(?:\$|base64_decode|gzinflate|str_rot13|chr|['\x22/]|hex2bin)",
    r"(?i)\b(?:phpinfo|get_defined_vars|getallheaders|php_uname|phpversion|getcwd|get_current_user|disable_functions|posix_getpwuid|show_source|highlight_file|opcache_get_status)\s*\(",
    r"(?i)\b(?:fsockopen|file_(?:get|put)_contents|readfile|fopen|fwrite|move_uploaded_file|unserialize|extract|parse_str|mb_ereg_replace|array_map|ob_start)\s*\(\s*(?:['\x22]|\$|base64_decode)",
    r"(?i)php://(?:input|filter|stdin|memory|temp|fd)|phar://|expect://|data://text",
    r"(?i)\b(?:auto_(?:prepend|append)_file|allow_url_(?:include|fopen)|disable_functions|open_basedir|safe_mode|cgi\.force_redirect)\s*[=%]",
    r#"(?:^|[;{}])[oc]:\+?\d+:\x22[\w\\]+\x22:\d+:|(?:^|[;{}])O:\+?\d+:\x22"#,
];

const WORDPRESS_COMMANDS: [&str; 12] = [
    "do-reset-wordpress",
    "duplicator_download",
    "revslider_show_image",
    "wp_abspath",
    "ave_publishpost_title_",
    "wysija_campaigns",
    "mk_file_folder_manager",
    "wp-file-manager",
    "action=um_",
    "jobmanager_",
    "action=wpgdprc",
    "simple-file-list",
];

const WORDPRESS_PATHS: [&str; 12] = [
    "/xmlrpc.php",
    "/wp-config.php",
    "/wp-content/debug.log",
    "/wp-content/uploads/php",
    "/wp-admin/setup-config.php",
    "/wp-admin/install.php",
    "/timthumb.php",
    "/wp-file-manager/lib/php/connector",
    "/wp-json/wp/v2/users",
    "/wp-trackback.php",
    "/uploadify.php",
    "/wp-content/plugins/revslider/",
];

const ADMIN: [&str; 17] = [
    "sqlmanager",
    "phpmyadmin",
    "phppgadmin",
    "adminer",
    "webadmin",
    "sysadmin",
    "pma/",
    "mysqladmin",
    "dbadmin",
    "myadmin",
    "/wp-admin",
    "/administrator",
    "/admin.php",
    "/cpanel",
    "/whm",
    "/manager/",
    "/jenkins",
];

/// PHP.
pub(super) fn php() -> Vec<Rule> {
    let php = |field: &FieldToMatch| patterns(field, URL, &PHP);
    in_order(vec![
        rule("PHPHighRiskMethodsVariables_HEADER", php(&headers())),
        rule("PHPHighRiskMethodsVariables_QUERYSTRING", php(&query())),
        rule("PHPHighRiskMethodsVariables_BODY", php(&body())),
    ])
}

/// WordPress.
pub(super) fn wordpress() -> Vec<Rule> {
    in_order(vec![
        rule(
            "WordPressExploitableCommands_QUERYSTRING",
            words(&super::build::raw_query(), URL, &WORDPRESS_COMMANDS),
        ),
        rule("WordPressExploitablePaths_URIPATH", words(&path(), URL, &WORDPRESS_PATHS)),
    ])
}

/// Pages of administrators.
pub(super) fn admin() -> Vec<Rule> {
    let path = path();
    let exact = patterns(&path, URL, &[r"(?i)(?:^|/)(?:admin|console|manage|backend)(?:/|$)"]);
    in_order(vec![rule(
        "AdminProtection_URIPATH",
        super::build::any([words(&path, URL, &ADMIN), exact]),
    )])
}
