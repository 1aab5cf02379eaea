//! How the tables of AWS's policies are written: rows of statements, from which the documents are made.

use super::AwsPolicy;

/// A policy of the table.
pub(super) struct Row {
    path: &'static str,
    name: &'static str,
    description: &'static str,
    statements: &'static [Statement],
}

/// A statement of the table.
pub(super) struct Statement {
    effect: &'static str,
    /// `Action` or `NotAction`.
    element: &'static str,
    actions: &'static [&'static str],
    resources: &'static [&'static str],
    /// The condition block in JSON; empty for none.
    condition: &'static str,
}

/// A policy without a path.
pub(super) const fn policy(
    name: &'static str,
    description: &'static str,
    statements: &'static [Statement],
) -> Row {
    Row { path: "/", name, description, statements }
}

/// Allows these actions on everything.
pub(super) const fn allow(actions: &'static [&'static str]) -> Statement {
    Statement { effect: "Allow", element: "Action", actions, resources: &["*"], condition: "" }
}

/// Allows everything but these actions, on everything.
pub(super) const fn allow_all_but(actions: &'static [&'static str]) -> Statement {
    Statement { element: "NotAction", ..allow(actions) }
}

/// Denies these actions on everything.
pub(super) const fn deny(actions: &'static [&'static str]) -> Statement {
    Statement { effect: "Deny", ..allow(actions) }
}

impl Statement {
    /// The same, on these resources.
    pub const fn on(self, resources: &'static [&'static str]) -> Self {
        Self { resources, ..self }
    }

    /// The same, under this condition block.
    pub const fn when(self, condition: &'static str) -> Self {
        Self { condition, ..self }
    }

    fn text(&self) -> String {
        let Self { effect, element, actions, resources, condition } = self;
        let list = |items: &[&str]| {
            let items: Vec<String> =
                items.iter().map(|item| format!("        \"{item}\"")).collect();
            format!("[\n{}\n      ]", items.join(",\n"))
        };
        let mut text = format!(
            "    {{\n      \"Effect\": \"{effect}\",\n      \"{element}\": {},\n      \"Resource\": {}",
            list(actions),
            list(resources)
        );
        if !condition.is_empty() {
            text.push_str(&format!(",\n      \"Condition\": {condition}"));
        }
        text + "\n    }"
    }
}

impl Row {
    /// The same, below `path`.
    pub const fn below(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    /// The policy with its document.
    pub fn policy(&self) -> AwsPolicy {
        let statements: Vec<String> = self.statements.iter().map(Statement::text).collect();
        let statements = statements.join(",\n");
        let document = format!(
            "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n{statements}\n  ]\n}}"
        );
        AwsPolicy {
            name: self.name,
            path: self.path,
            description: self.description,
            document: document.into(),
        }
    }
}
