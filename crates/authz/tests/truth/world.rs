//! Random worlds: a caller, a request, and policies of every layer, over a vocabulary small enough that policies and
//! requests often meet. A world is made from a sequence of choices, which shrinks to a simple one when a case fails.

use std::fmt;
use std::sync::Arc;

use authz::document::Document;
use authz::grant::Constraints;
use authz::{Context, Grant, Kind, Policies, Policy, Principal, Request};
use base::AccountId;

pub const A: &str = "111111111111";
pub const B: &str = "222222222222";
const USER: &str = "arn:aws:iam::111111111111:user/team/bob";
const ROLE: &str = "arn:aws:iam::111111111111:role/R";
const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/R/s";
const FEDERATED: &str = "arn:aws:sts::111111111111:federated-user/fed";

const ACTIONS: [&str; 5] =
    ["s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:Encrypt", "kms:RetireGrant"];
const ACTION_PATTERNS: [&str; 12] = [
    "*",
    "s3:*",
    "S3:GetObject",
    "s3:?etobject",
    "kms:*crypt",
    "KMS:De*",
    "kms:Decrypt",
    "*:*",
    "s3:*Object",
    "kms:RetireGrant",
    "ec2:*",
    "sts:AssumeRole",
];
const RESOURCES: [&str; 6] = [
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/bob/x",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/red",
    "arn:aws:kms:us-east-1:111111111111:key/k",
    "*",
];
const RESOURCE_PATTERNS: [&str; 12] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/Team}",
    "arn:aws:s3:::b/${aws:PrincipalTag/Team, 'red'}",
    "arn:aws:s3:::b/${*}",
    "arn:aws:kms:*:*:key/*",
    "arn:aws:s3:::*/x",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/${aws:TagKeys}",
    "arn:aws:s3:::b/*o*x*",
];
const PRINCIPALS: [&str; 20] = [
    r#""*""#,
    r#"{"AWS":"*"}"#,
    r#"{"AWS":"111111111111"}"#,
    r#"{"AWS":"arn:aws:iam::111111111111:root"}"#,
    r#"{"AWS":"arn:aws:iam::222222222222:root"}"#,
    r#"{"AWS":"arn:aws:iam::111111111111:user/team/bob"}"#,
    r#"{"AWS":"arn:aws:iam::111111111111:role/R"}"#,
    r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s"}"#,
    r#"{"AWS":"arn:aws:sts::111111111111:federated-user/fed"}"#,
    r#"{"AWS":["222222222222","arn:aws:iam::111111111111:role/R"]}"#,
    r#"{"AWS":"AIDABOB"}"#,
    r#"{"AWS":"AROAR"}"#,
    r#"{"AWS":"AROAR:s"}"#,
    r#"{"Service":["logs.amazonaws.com","x.amazonaws.com"]}"#,
    r#"{"Federated":"accounts.google.com"}"#,
    r#"{"CanonicalUser":"c4n0n"}"#,
    r#"{"AWS":["111111111111","arn:aws:iam::111111111111:role/R","arn:aws:sts::111111111111:assumed-role/R/s"]}"#,
    r#"{"AWS":["111111111111","arn:aws:iam::111111111111:user/team/bob"]}"#,
    r#"{"AWS":["arn:aws:iam::111111111111:role/R","arn:aws:sts::111111111111:assumed-role/R/s"]}"#,
    r#"{"AWS":["111111111111","arn:aws:iam::111111111111:user/team/bob","arn:aws:sts::111111111111:federated-user/fed"],"Service":"logs.amazonaws.com"}"#,
];

/// Operators with keys that they suit, values of policies, and values of requests.
type Topic =
    (&'static [&'static str], &'static str, &'static [&'static str], &'static [&'static str]);
const TOPICS: [Topic; 9] = [
    (
        &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
        ],
        "aws:PrincipalTag/Team",
        &[
            "red",
            "RED",
            "r*",
            "?ed",
            "${aws:RequestTag/Team}",
            "${aws:RequestTag/Team,'red'}",
            "",
            "${*}",
        ],
        &["red", "Red", "blue", "*", ""],
    ),
    (
        &["StringEquals", "StringNotLike", "StringNotEqualsIgnoreCase"],
        "aws:RequestTag/Team",
        &["red", "${aws:principaltag/team}", "b*"],
        &["red", "blue"],
    ),
    (
        &["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"],
        "aws:TagKeys",
        &["a", "b", "a*", "${aws:username}"],
        &["a", "b", "ab", "bob"],
    ),
    (
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        "s3:max-keys",
        &["10", "10.0", "9", "x", "-1"],
        &["10", "9.5", "11", "y"],
    ),
    (
        &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        "aws:CurrentTime",
        &[
            "2026-01-01T00:00:00Z",
            "1767225600",
            "2026-01-01T01:00:00+01:00",
            "2027-01-01T00:00:00.5Z",
        ],
        &["2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "1798761600", "soon"],
    ),
    (&["Bool"], "aws:SecureTransport", &["true", "false", "True", "x"], &["true", "false", "x"]),
    (
        &["IpAddress", "NotIpAddress"],
        "aws:SourceIp",
        &["10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "0.0.0.0/0", "x/8"],
        &["10.1.2.3", "11.0.0.1", "2001:db8::1", "x"],
    ),
    (
        &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        "aws:PrincipalArn",
        &[
            "arn:aws:iam::111111111111:role/*",
            "arn:aws:*::*:user/*bob",
            "arn:*",
            "arn:aws:iam::111111111111:role/R",
            "arn:aws:iam::${aws:PrincipalAccount}:*",
        ],
        &["arn:aws:iam::111111111111:role/R", "arn:aws:iam::111111111111:user/team/bob", "x"],
    ),
    (&["BinaryEquals"], "s3:sum", &["QUI=", "!"], &["QUI=", "QUJD", "!"]),
];

/// One case.
pub struct World {
    pub request: Request,
    pub resource_control: Vec<Vec<Source>>,
    pub service_control: Vec<Vec<Source>>,
    pub endpoint: Option<Source>,
    pub resource: Option<Source>,
    pub grants: Vec<Grant>,
    pub identity: Vec<Source>,
    pub boundary: Option<Source>,
    pub session: Option<Vec<Source>>,
    compiled: Compiled,
}

/// A policy as text, parsed and compiled.
pub struct Source {
    text: String,
    pub kind: Kind,
    pub document: Document,
    policy: Arc<Policy>,
}

struct Compiled {
    resource_control: Vec<Vec<Arc<Policy>>>,
    service_control: Vec<Vec<Arc<Policy>>>,
    identity: Vec<Arc<Policy>>,
    session: Option<Vec<Arc<Policy>>>,
}

/// A sequence of choices; zeros when it is used up.
struct Choices<'c>(&'c [u8]);

impl Choices<'_> {
    fn below(&mut self, bound: usize) -> usize {
        let (first, rest) = self.0.split_first().map_or((0, &[][..]), |(f, r)| (*f, r));
        self.0 = rest;
        usize::from(first) % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 1
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn list(&mut self, all: &[&str], most: usize) -> String {
        let count = 1 + self.below(most);
        let items = (0..count).map(|_| format!("{:?}", self.of(all))).collect::<Vec<_>>();
        if items.len() == 1 { items[0].clone() } else { format!("[{}]", items.join(",")) }
    }

    fn statement(&mut self, kind: Kind) -> String {
        // Layers that only restrict mostly allow, so that the ones behind them are reached.
        let effect = if self.one_in(5) { "Deny" } else { "Allow" };
        let not = |yes: bool| if yes { "Not" } else { "" };
        let mut parts = vec![format!(r#""Effect":"{effect}""#)];
        let actions = match kind {
            Kind::Trust => r#""sts:AssumeRole""#.to_owned(),
            _ => self.list(&ACTION_PATTERNS, 3),
        };
        let negated = kind != Kind::Trust && self.one_in(8);
        parts.push(format!(r#""{}Action":{actions}"#, not(negated)));
        if kind != Kind::Trust && !(matches!(kind, Kind::Resource | Kind::Key) && self.one_in(4)) {
            let resources = self.list(&RESOURCE_PATTERNS, 3);
            parts.push(format!(r#""{}Resource":{resources}"#, not(self.one_in(8))));
        }
        if kind.names_principals() {
            let negated = effect == "Deny" && kind != Kind::Trust && self.one_in(3);
            parts.push(format!(r#""{}Principal":{}"#, not(negated), self.of(&PRINCIPALS)));
        }
        if self.one_in(2) {
            let (count, mut blocks) = (1 + self.below(2), Vec::new());
            for _ in 0..count {
                let (operators, key, values, _) = self.of(&TOPICS);
                let prefix = self.of(&["", "", "ForAllValues:", "ForAnyValue:"]);
                let suffix = self.of(&["", "", "IfExists"]);
                let name = format!("{prefix}{}{suffix}", self.of(operators));
                let values = self.list(values, 2);
                blocks.push((name, format!(r#"{{"{key}":{values}}}"#)));
            }
            if self.one_in(6) {
                let key = self.of(&["aws:TagKeys", "aws:SourceIp", "AWS:principalTAG/team"]);
                blocks.push((
                    "Null".into(),
                    format!(r#"{{"{key}":"{}"}}"#, self.of(&["true", "false"])),
                ));
            }
            blocks.sort();
            blocks.dedup_by(|a, b| a.0 == b.0);
            let blocks = blocks.iter().map(|(name, block)| format!(r#""{name}":{block}"#));
            parts.push(format!(r#""Condition":{{{}}}"#, blocks.collect::<Vec<_>>().join(",")));
        }
        format!("{{{}}}", parts.join(","))
    }

    fn policy(&mut self, kind: Kind) -> Source {
        let count = 1 + self.below(4);
        let mut statements = (0..count).map(|_| self.statement(kind)).collect::<Vec<_>>();
        // Restricting layers start from full access as often as not.
        let restricts = matches!(
            kind,
            Kind::ServiceControl
                | Kind::ResourceControl
                | Kind::Endpoint
                | Kind::Boundary
                | Kind::Session
        );
        if restricts && !self.one_in(3) {
            let who = if kind.names_principals() { r#","Principal":"*""# } else { "" };
            statements.push(format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*"{who}}}"#));
        }
        let old = !matches!(kind, Kind::Identity | Kind::Boundary) && self.one_in(6);
        let version = if old { "2008-10-17" } else { "2012-10-17" };
        let text = format!(r#"{{"Version":"{version}","Statement":[{}]}}"#, statements.join(","));
        let document = Document::parse(&text).unwrap_or_else(|e| panic!("{text}: {}", e.explain()));
        if kind != Kind::ResourceControl {
            document.validate(kind).unwrap_or_else(|e| panic!("{text}: {}", e.explain()));
        }
        let policy = Policy::compile(kind, "p", &document).expect("simple patterns");
        Source { text, kind, document, policy: Arc::new(policy) }
    }

    fn policies(&mut self, kind: Kind, most: usize) -> Vec<Source> {
        (0..self.below(most + 1)).map(|_| self.policy(kind)).collect()
    }

    fn levels(&mut self, kind: Kind) -> Vec<Vec<Source>> {
        let levels = if self.one_in(3) { 1 + self.below(2) } else { 0 };
        let mut level = |_| {
            let mut policies = self.policies(kind, 1);
            policies.insert(0, self.policy(kind));
            policies
        };
        (0..levels).map(&mut level).collect()
    }

    fn principal(&mut self) -> Principal {
        let account = A.parse::<AccountId>().expect("an account");
        let mut principal = match self.below(10) {
            0..=2 => Principal::user(account, USER),
            3..=5 => Principal::role_session(account, SESSION, ROLE),
            6 => Principal::root(account),
            7 => Principal::federated_user(account, FEDERATED, USER),
            8 => self.outsider(),
            _ => Principal {
                service_linked: true,
                ..Principal::role_session(account, SESSION, ROLE)
            },
        };
        if principal.arn == USER {
            principal.id = "AIDABOB".into();
        } else if principal.arn == SESSION {
            principal.id = "AROAR:s".into();
        }
        if principal.account.is_some() && self.one_in(2) {
            principal.canonical_user = "c4n0n".into();
        }
        principal
    }

    fn outsider(&mut self) -> Principal {
        match self.below(3) {
            0 => Principal::service("logs.amazonaws.com"),
            1 => Principal::federated("accounts.google.com"),
            _ => Principal::anonymous(),
        }
    }

    fn request(&mut self) -> Request {
        let principal = self.principal();
        let mut context = Context::default();
        principal.describe(&mut context);
        for (_, key, _, values) in TOPICS {
            match self.below(4) {
                0 => context.remove(key),
                1 | 2 => context.set(key, self.of(values)),
                _ => {
                    let count = self.below(3);
                    let values = (0..count).map(|_| self.of(values)).collect::<Vec<_>>();
                    context.set_all(key, values);
                }
            }
        }
        let mut request = Request::new(principal, self.of(&ACTIONS), self.of(&RESOURCES));
        let owner = self.of(&[None, Some(A), Some(A), Some(B)]);
        request.resource_account = owner.map(|account| account.parse().expect("an account"));
        request.context = context;
        if self.one_in(2) {
            request.encryption_context.push(("App".into(), self.of(&["x", "y"]).into()));
        }
        request
    }

    fn grant(&mut self) -> Grant {
        let who = [USER, ROLE, SESSION, A, "logs.amazonaws.com", "arn:aws:iam::222222222222:root"];
        let pairs = || Some([("app".to_owned(), "x".to_owned())].into());
        let mut constraints = Constraints::default();
        match self.below(4) {
            0 => constraints.encryption_context_equals = pairs(),
            1 => constraints.encryption_context_subset = pairs(),
            _ => {}
        }
        Grant {
            id: "g".into(),
            grantee: self.of(&who).into(),
            retiring: self.one_in(3).then(|| self.of(&who).into()),
            operations: vec![self.of(&["Decrypt", "Encrypt", "RetireGrant"]).into()],
            constraints,
        }
    }
}

impl World {
    pub fn new(choices: &[u8]) -> Self {
        let mut choices = Choices(choices);
        let mut request = choices.request();
        let identity = choices.policies(Kind::Identity, 3);
        let resource = match choices.below(6) {
            0 | 1 => None,
            2 | 3 => Some(choices.policy(Kind::Resource)),
            4 => Some(choices.policy(Kind::Key)),
            _ => {
                request.ask("sts:AssumeRole", ROLE);
                Some(choices.policy(Kind::Trust))
            }
        };
        let boundary = choices.one_in(3).then(|| choices.policy(Kind::Boundary));
        let session = choices.one_in(3).then(|| choices.policies(Kind::Session, 2));
        let grants =
            if choices.one_in(4) { vec![choices.grant(), choices.grant()] } else { vec![] };
        let service_control = choices.levels(Kind::ServiceControl);
        let resource_control = choices.levels(Kind::ResourceControl);
        let endpoint = choices.one_in(5).then(|| choices.policy(Kind::Endpoint));
        let shared = |all: &Vec<Source>| all.iter().map(|s| s.policy.clone()).collect::<Vec<_>>();
        let compiled = Compiled {
            resource_control: resource_control.iter().map(shared).collect(),
            service_control: service_control.iter().map(shared).collect(),
            identity: shared(&identity),
            session: session.as_ref().map(shared),
        };
        Self {
            request,
            resource_control,
            service_control,
            endpoint,
            resource,
            grants,
            identity,
            boundary,
            session,
            compiled,
        }
    }

    pub fn compiled(&self) -> Policies<'_> {
        Policies {
            resource_control: &self.compiled.resource_control,
            service_control: &self.compiled.service_control,
            endpoint: self.endpoint.as_ref().map(|s| &*s.policy),
            resource: self.resource.as_ref().map(|s| &*s.policy),
            grants: &self.grants,
            identity: &self.compiled.identity,
            boundary: self.boundary.as_ref().map(|s| &*s.policy),
            session: self.compiled.session.as_deref(),
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:#?}\n{:?}", self.request, self.grants)?;
        let levels = self.resource_control.iter().chain(&self.service_control).flatten();
        let one = self.endpoint.iter().chain(&self.resource).chain(&self.boundary);
        let all = levels.chain(one).chain(&self.identity).chain(self.session.iter().flatten());
        all.into_iter().try_for_each(|s| writeln!(f, "{:?}: {}", s.kind, s.text))?;
        writeln!(f, "session given: {}", self.session.is_some())
    }
}
