//! AWS managed keys: one a service, in each account and Region, behind a predefined alias `alias/aws/<service>`.
//!
//! The key is made when its alias is first described, which is how services ask for it. Its policy lets the account use it
//! through the service only; nobody can change it, and it rotates every year.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::time::DAY;
use keyring::KeySpec;
use platform::Call;
use shape::Failure;
use store::Scope;

use crate::lookup::{self, Name, OrInternal as _};
use crate::record::{AliasRecord, Manager, Origin, ROTATION_PERIOD_DAYS, Rotation, Usage};
use crate::{Kms, alias, create, due};

/// Services that have an AWS managed key: the name in the alias, the name in endpoints where it differs, and what the
/// service calls itself.
const SERVICES: &[(&str, Option<&str>, &str)] = &[
    ("acm", None, "Certificate Manager"),
    ("backup", None, "Backup"),
    ("cloud9", None, "Cloud9"),
    ("codebuild", None, "CodeBuild"),
    ("codecommit", None, "CodeCommit"),
    ("codeartifact", None, "CodeArtifact"),
    ("connect", None, "Connect"),
    ("dms", None, "Database Migration Service"),
    ("dynamodb", None, "DynamoDB"),
    ("ebs", Some("ec2"), "EBS"),
    ("elasticfilesystem", None, "EFS"),
    ("es", None, "OpenSearch Service"),
    ("fsx", None, "FSx"),
    ("glue", None, "Glue"),
    ("kafka", None, "Managed Streaming for Kafka"),
    ("kinesis", None, "Kinesis"),
    ("kinesisvideo", None, "Kinesis Video Streams"),
    ("lambda", None, "Lambda"),
    ("lex", None, "Lex"),
    ("lightsail", None, "Lightsail"),
    ("mq", None, "MQ"),
    ("neptune", Some("rds"), "Neptune"),
    ("rds", None, "RDS"),
    ("redshift", None, "Redshift"),
    ("s3", None, "S3"),
    ("secretsmanager", None, "Secrets Manager"),
    ("sns", None, "SNS"),
    ("sqs", None, "SQS"),
    ("ssm", None, "Systems Manager"),
    ("vpc", Some("ec2"), "VPC"),
    ("workspaces", None, "WorkSpaces"),
    ("xray", None, "X-Ray"),
];

/// Makes the AWS managed key that `key_id` names, if it names a predefined alias of the caller's account that has none
/// yet. Whatever else it names is left alone.
pub(crate) async fn ensure(kms: &Kms, call: &mut Call, key_id: &str) -> Result<(), Failure> {
    if !key_id.contains(alias::AWS_PREFIX) {
        return Ok(());
    }
    let (scope, Name::Alias(name)) = lookup::resolve(call, key_id)? else { return Ok(()) };
    let service = name.strip_prefix(alias::AWS_PREFIX).unwrap_or_default();
    let known = SERVICES.iter().find(|(known, _, _)| *known == service);
    let Some((_, endpoint, title)) = known.filter(|_| scope.account == call.account()) else {
        return Ok(());
    };
    if call.tx.get::<AliasRecord>(&scope, name).await.or_internal()?.is_some() {
        return Ok(());
    }
    let blueprint = create::Blueprint {
        spec: KeySpec::SymmetricDefault,
        usage: Usage::EncryptDecrypt,
        origin: Origin::AwsKms,
        external: None,
        manager: Manager::Aws(service.to_owned()),
        multi_region: false,
        description: format!(
            "Default key that protects my {title} data when no other key is defined"
        ),
        policy: policy(&scope, service, endpoint.unwrap_or(service), title),
        tags: BTreeMap::new(),
    };
    let mut key = kms.new_key(call, &scope, blueprint).await?;
    key.rotation = Rotation {
        enabled: true,
        next: Some(call.now + DAY * ROTATION_PERIOD_DAYS),
        ..Rotation::default()
    };
    alias::attach(call, &mut key, name)?;
    call.tx.create(&scope, &key.id, &key).or_internal()?;
    due::schedule(call, &key)
}

/// The key policy of an AWS managed key.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-aws-managed.html>
fn policy(scope: &Scope, service: &str, endpoint: &str, title: &str) -> Arc<str> {
    let Scope { account, region } = scope;
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Id": format!("auto-{service}-1"),
        "Statement": [{
            "Sid": format!("Allow access through {title} for all principals in the account that are authorized to use {title}"),
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:CreateGrant",
                "kms:DescribeKey",
            ],
            "Resource": "*",
            "Condition": { "StringEquals": {
                "kms:CallerAccount": account,
                "kms:ViaService": format!("{endpoint}.{region}.amazonaws.com"),
            } },
        }, {
            "Sid": "Allow direct access to key metadata to the account",
            "Effect": "Allow",
            "Principal": { "AWS": account.root_arn() },
            "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
            "Resource": "*",
        }],
    });
    policy.to_string().into()
}
