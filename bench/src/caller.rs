//! A caller who is not the root user: an IAM user with as many policies as people get to have.

use client::{Access, Failure};
use wire::sigv4::SecretKey;

/// Managed policies that are attached.
const POLICIES: usize = 10;
/// Statements of each.
const STATEMENTS: usize = 20;
/// What the statements of one policy after another speak of; the last one's are about KMS too.
const SERVICES: [&str; 5] = ["s3", "dynamodb", "sqs", "logs", "kms"];

/// Makes the user through IAM, with the root user's `access`, and gives its own. It may use every key.
pub(crate) async fn make(access: &Access) -> Result<Access, Failure> {
    let name = [("UserName", "bench")];
    access.iam("CreateUser", &name).await?;
    for index in 0..POLICIES {
        let policy = format!("bench-{index}");
        let parameters = [("PolicyName", policy.as_str()), ("PolicyDocument", &document(index))];
        let made = access.iam("CreatePolicy", &parameters).await?;
        let arn = element(&made, "Arn")?;
        access.iam("AttachUserPolicy", &[name[0], ("PolicyArn", arn)]).await?;
    }
    let made = access.iam("CreateAccessKey", &name).await?;
    let secret = SecretKey::new(element(&made, "SecretAccessKey")?);
    Ok(access.with(element(&made, "AccessKeyId")?.to_owned(), secret))
}

/// Statements with two actions and a resource, every fourth with a condition. The last of all allows the use of keys.
fn document(index: usize) -> String {
    let statement = |at: usize| {
        if (index, at) == (POLICIES - 1, STATEMENTS - 1) {
            let actions = r#"["kms:Encrypt","kms:Decrypt"]"#;
            return format!(
                r#"{{"Effect":"Allow","Action":{actions},"Resource":"arn:aws:kms:*:*:key/*"}}"#
            );
        }
        let service = SERVICES[at % SERVICES.len()];
        // Buckets have neither Region nor account in their ARNs.
        let place = if service == "s3" { ":" } else { "*:*" };
        let condition = match at % 4 {
            0 => r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}"#,
            _ => "",
        };
        format!(
            r#"{{"Sid":"S{at}","Effect":"Allow","Action":["{service}:Get*","{service}:Put*"],"Resource":"arn:aws:{service}:{place}:team-{index}/{at}/*"{condition}}}"#
        )
    };
    let statements = (0..STATEMENTS).map(statement).collect::<Vec<_>>().join(",");
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// The text of the first element of this name.
fn element<'x>(xml: &'x str, name: &str) -> Result<&'x str, Failure> {
    let found = xml.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
    Ok(found.map(|(text, _)| text).ok_or_else(|| format!("no {name} in {xml}"))?)
}
