"""Policies by their effect: what users with keys of their own may do, through boto3 and the AWS CLI, layer by layer."""

import json
import subprocess
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from expect import refused
from harness import ACCOUNT, REGION

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **condition):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def deny(action, resource="*", **condition):
    return allow(action, resource, **condition) | {"Effect": "Deny"}


class Person:
    """A user with a key."""

    def __init__(self, bastide, name, **options):
        iam = bastide.client("iam")
        iam.create_user(UserName=name, **options)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.name, self.bastide, self.iam = name, bastide, iam
        self.credentials = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }

    def client(self, service, region=REGION):
        session = boto3.Session(region_name=region, **self.credentials)
        config = Config(retries={"total_max_attempts": 1})
        return session.client(service, endpoint_url=self.bastide.url, config=config)

    def put(self, *statements, name="p"):
        self.iam.put_user_policy(UserName=self.name, PolicyName=name, PolicyDocument=document(*statements))

    def aws(self, *args):
        environment = self.bastide.environment() | {
            "AWS_ACCESS_KEY_ID": self.credentials["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.credentials["aws_secret_access_key"],
        }
        return subprocess.run(
            ["aws", "--output", "json", *args], env=environment, capture_output=True, text=True, check=False
        )


@contextmanager
def denied(*texts):
    """The block must end in AccessDenied, with these texts in the message."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"].startswith("AccessDenied"), error
    for text in texts:
        assert text in error["Message"], error


@pytest.fixture
def iam(bastide):
    return bastide.client("iam")


@pytest.fixture
def ada(bastide):
    return Person(bastide, "ada")


def create_policy(iam, name, *statements, **options):
    return iam.create_policy(PolicyName=name, PolicyDocument=document(*statements), **options)["Policy"]["Arn"]


def test_nothing_is_allowed_at_first(ada):
    with denied(f"User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized to perform: kms:ListKeys", "identity-based"):
        ada.client("kms").list_keys()


def test_inline_and_managed_policies(iam, ada):
    kms = ada.client("kms")
    ada.put(allow("kms:List*"))
    kms.list_keys()
    arn = create_policy(iam, "no-lists", deny("kms:ListKeys"))
    iam.attach_user_policy(UserName="ada", PolicyArn=arn)
    with denied("with an explicit deny in an identity-based policy", arn):
        kms.list_keys()
    kms.list_aliases()
    iam.detach_user_policy(UserName="ada", PolicyArn=arn)
    kms.list_keys()
    iam.delete_user_policy(UserName="ada", PolicyName="p")
    iam.attach_user_policy(UserName="ada", PolicyArn=ADMINISTRATOR)
    kms.list_keys()


def test_groups(iam, ada):
    kms = ada.client("kms")
    iam.create_group(GroupName="staff")
    iam.put_group_policy(GroupName="staff", PolicyName="p", PolicyDocument=document(allow("kms:ListKeys")))
    with denied():
        kms.list_keys()
    iam.add_user_to_group(GroupName="staff", UserName="ada")
    kms.list_keys()
    iam.attach_group_policy(GroupName="staff", PolicyArn=create_policy(iam, "no", deny("kms:*")))
    with denied("explicit deny"):
        kms.list_keys()
    iam.remove_user_from_group(GroupName="staff", UserName="ada")
    with denied("no identity-based policy"):
        kms.list_keys()


def test_versions_switch_at_once(iam, ada):
    kms = ada.client("kms")
    arn = create_policy(iam, "p", allow("kms:ListKeys"))
    iam.attach_user_policy(UserName="ada", PolicyArn=arn)
    kms.list_keys()
    version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("kms:ListAliases")))
    assert version["PolicyVersion"]["VersionId"] == "v2"
    kms.list_keys()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    kms.list_aliases()
    with denied():
        kms.list_keys()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    kms.list_keys()
    listed = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in listed] == [("v2", False), ("v1", True)]
    with refused("DeleteConflict"):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    shown = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"]
    assert shown["Statement"][0]["Action"] == "kms:ListAliases"


def test_boundary(iam, ada):
    kms = ada.client("kms")
    bound = create_policy(iam, "bound", allow(["kms:ListKeys", "iam:*"]))
    ada.put(allow("*"))
    iam.put_user_permissions_boundary(UserName="ada", PermissionsBoundary=bound)
    kms.list_keys()
    with denied("no permissions boundary allows the kms:ListAliases action"):
        kms.list_aliases()
    with refused("DeleteConflict"):
        iam.delete_policy(PolicyArn=bound)
    boundary = iam.get_user(UserName="ada")["User"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"] == bound
    iam.delete_user_permissions_boundary(UserName="ada")
    kms.list_aliases()


def test_a_deleted_bounded_user_lets_its_boundary_go(bastide, iam):
    bound = create_policy(iam, "bound", allow("*"))
    iam.create_user(UserName="bob", PermissionsBoundary=bound)
    assert iam.get_policy(PolicyArn=bound)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.delete_user(UserName="bob")
    iam.delete_policy(PolicyArn=bound)
    with refused("NoSuchEntity"):
        iam.create_user(UserName="bob", PermissionsBoundary=bound)


def test_not_action_and_not_resource(bastide, ada):
    kms = ada.client("kms")
    ada.put({"Effect": "Allow", "NotAction": "kms:Create*", "Resource": "*"})
    kms.list_keys()
    with denied("kms:CreateKey"):
        kms.create_key()
    made = bastide.client("kms").create_key()["KeyMetadata"]
    ada.put({"Effect": "Allow", "Action": "kms:DescribeKey", "NotResource": made["Arn"]})
    with denied("kms:DescribeKey"):
        kms.describe_key(KeyId=made["KeyId"])


def test_tags_of_caller_and_resource(bastide):
    own_team = allow("kms:DescribeKey", StringEquals={"aws:ResourceTag/team": "${aws:PrincipalTag/team}"})
    tags = [{"TagKey": "team", "TagValue": "red"}]
    key = bastide.client("kms").create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    for team in ("red", "blue"):
        person = Person(bastide, team, Tags=[{"Key": "team", "Value": team}])
        person.put(own_team)
        if team == "red":
            person.client("kms").describe_key(KeyId=key)
        else:
            with denied("kms:DescribeKey"):
                person.client("kms").describe_key(KeyId=key)
    untagged = Person(bastide, "untagged")
    untagged.put(own_team)
    with denied("kms:DescribeKey"):
        untagged.client("kms").describe_key(KeyId=key)


def test_source_ip(ada):
    kms = ada.client("kms")
    ada.put(allow("kms:ListKeys", IpAddress={"aws:SourceIp": "127.0.0.0/8"}))
    kms.list_keys()
    ada.put(allow("kms:ListKeys", IpAddress={"aws:SourceIp": "192.0.2.0/24"}))
    with denied():
        kms.list_keys()


def test_time(bastide, ada):
    kms = ada.client("kms")
    soon = datetime.now(timezone.utc) + timedelta(hours=1)
    ada.put(allow("kms:ListKeys", DateLessThan={"aws:CurrentTime": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}))
    kms.list_keys()
    bastide.advance(2 * 3600)
    with denied():
        kms.list_keys()


def test_regions(ada):
    ada.put(allow("kms:ListKeys"), deny("*", StringNotEquals={"aws:RequestedRegion": REGION}))
    ada.client("kms").list_keys()
    with denied("explicit deny"):
        ada.client("kms", region="eu-west-1").list_keys()


def test_who_may_attach_only_some_policies_gets_no_further(iam, ada):
    harmless = create_policy(iam, "harmless", allow("kms:ListKeys"), Path="/harmless/")
    ada.put(
        allow("iam:AttachUserPolicy", ArnLike={"iam:PolicyARN": "arn:aws:iam::*:policy/harmless/*"}),
        allow(["iam:CreatePolicy", "iam:CreatePolicyVersion"], "arn:aws:iam::*:policy/other/*"),
    )
    own = ada.client("iam")
    for call in (
        lambda: own.attach_user_policy(UserName="ada", PolicyArn=ADMINISTRATOR),
        lambda: own.put_user_policy(UserName="ada", PolicyName="x", PolicyDocument=document(allow("*"))),
        lambda: own.create_policy_version(
            PolicyArn=harmless, PolicyDocument=document(allow("*")), SetAsDefault=True
        ),
        lambda: own.create_policy(PolicyName="mine", Path="/harmless/", PolicyDocument=document(allow("*"))),
    ):
        with denied():
            call()
    own.attach_user_policy(UserName="ada", PolicyArn=harmless)
    ada.client("kms").list_keys()


def test_the_cli(ada):
    done = ada.aws("kms", "list-keys")
    assert done.returncode != 0 and "AccessDeniedException" in done.stderr
    ada.put(allow("kms:ListKeys"))
    assert json.loads(ada.aws("kms", "list-keys").stdout) == {"Keys": []}


def test_documents_come_back_as_they_were_given(bastide, iam, ada):
    text = json.dumps(json.loads(document(allow("kms:*"))), indent=2)
    iam.put_user_policy(UserName="ada", PolicyName="x", PolicyDocument=text)
    assert iam.get_user_policy(UserName="ada", PolicyName="x")["PolicyDocument"] == json.loads(text)
    shown = bastide.aws("iam", "get-user-policy", "--user-name", "ada", "--policy-name", "x")
    assert shown["PolicyDocument"] == json.loads(text)
    with refused("MalformedPolicyDocument", "Syntax errors in policy."):
        iam.put_user_policy(UserName="ada", PolicyName="x", PolicyDocument="{")
    with refused("MalformedPolicyDocument", "must be version 2012-10-17"):
        old = json.dumps({"Version": "2008-10-17", "Statement": [allow("kms:*")]})
        iam.create_policy(PolicyName="old", PolicyDocument=old)


def test_listings(iam, ada):
    arns = [create_policy(iam, f"p{number}", allow("kms:*")) for number in range(5)]
    pages = iam.get_paginator("list_policies").paginate(Scope="Local", PaginationConfig={"PageSize": 2})
    assert [policy["Arn"] for page in pages for policy in page["Policies"]] == arns
    iam.attach_user_policy(UserName="ada", PolicyArn=arns[3])
    attached = iam.list_policies(OnlyAttached=True)["Policies"]
    assert [(policy["Arn"], policy["AttachmentCount"]) for policy in attached] == [(arns[3], 1)]
    entities = iam.list_entities_for_policy(PolicyArn=arns[3])
    assert [user["UserName"] for user in entities["PolicyUsers"]] == ["ada"]
    read_only = iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")["Policy"]
    assert read_only["DefaultVersionId"] == "v1" and read_only["IsAttachable"]


def test_read_only_access_reads_and_uses_no_key(bastide, iam, ada):
    key = bastide.client("kms").create_key()["KeyMetadata"]["KeyId"]
    iam.attach_user_policy(UserName="ada", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    kms = ada.client("kms")
    kms.describe_key(KeyId=key)
    with denied("kms:Encrypt"):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    with denied("kms:CreateKey"):
        kms.create_key()


def test_the_simulator_says_what_calls_do(iam, ada):
    ada.put(
        allow("kms:ListKeys"),
        allow("kms:ListAliases", IpAddress={"aws:SourceIp": "192.0.2.0/24"}),
        deny("kms:CreateKey"),
    )
    kms = ada.client("kms")
    simulated = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/ada",
        ActionNames=["kms:ListKeys", "kms:ListAliases", "kms:CreateKey"],
        ContextEntries=[
            {"ContextKeyName": "aws:SourceIp", "ContextKeyType": "ip", "ContextKeyValues": ["127.0.0.1"]}
        ],
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in simulated] == ["allowed", "implicitDeny", "explicitDeny"]
    assert simulated[0]["MatchedStatements"][0]["SourcePolicyType"] == "user"
    kms.list_keys()
    for call in (kms.list_aliases, kms.create_key):
        with denied():
            call()
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/ada")
    assert keys["ContextKeyNames"] == ["aws:SourceIp"]


def test_last_access(iam, ada):
    ada.put(allow(["kms:ListKeys", "s3:*"]))
    ada.client("kms").list_keys()
    arn = f"arn:aws:iam::{ACCOUNT}:user/ada"
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    report = iam.get_service_last_accessed_details(JobId=job)
    assert report["JobStatus"] == "COMPLETED"
    used = {s["ServiceNamespace"]: s.get("LastAuthenticatedEntity") for s in report["ServicesLastAccessed"]}
    assert used == {"kms": arn, "s3": None}
    granting = iam.list_policies_granting_service_access(Arn=arn, ServiceNamespaces=["s3"])
    policies = granting["PoliciesGrantingServiceAccess"][0]["Policies"]
    assert [policy["PolicyName"] for policy in policies] == ["p"]


def test_account_authorization_details(iam, ada):
    ada.put(allow("kms:*"))
    iam.attach_user_policy(UserName="ada", PolicyArn=ADMINISTRATOR)
    details = iam.get_account_authorization_details()
    user = details["UserDetailList"][0]
    assert user["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "kms:*"
    assert [policy["PolicyName"] for policy in details["Policies"]] == ["AdministratorAccess"]
    assert details["Policies"][0]["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == ["*"]
