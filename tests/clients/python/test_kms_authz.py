"""Who may use which key, by boto3: users and roles of IAM, key policies, grants, tags, boundaries and sessions."""

import json
from contextlib import contextmanager

import boto3
import pytest
from botocore.config import Config
from expect import refused
from harness import ACCOUNT, REGION

STRANGER = "999988887777"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ONCE = Config(retries={"total_max_attempts": 1})
BY_KEY = "because no resource-based policy allows the kms:Encrypt action"
BY_IAM = "because no identity-based policy allows the kms:Encrypt action"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, resource="*", **more):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def to(principal, *actions, **more):
    return allow(*actions, Principal={"AWS": principal}, **more)


DELEGATION = to(ROOT, "kms:*")


class World:
    """An account with users and roles, who are KMS clients."""

    def __init__(self, bastide):
        self.bastide = bastide
        self.iam = bastide.client("iam")
        self.root = bastide.client("kms")

    def with_credentials(self, service, **credentials):
        session = boto3.Session(region_name=REGION, **credentials)
        return session.client(service, endpoint_url=self.bastide.url, config=ONCE)

    def keys_of(self, name):
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def user(self, name, *statements, **more):
        """A new user with an inline policy, as a KMS client."""
        self.iam.create_user(UserName=name, **more)
        if statements:
            self.iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return self.with_credentials("kms", **self.keys_of(name))

    def role(self, name, *statements, session_policy=None):
        """A session of a new role, as a KMS client."""
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(to_assume(ROOT)))
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        self.iam.create_user(UserName=f"for-{name}")
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        assume = policy(allow("sts:AssumeRole", resource=arn))
        self.iam.put_user_policy(UserName=f"for-{name}", PolicyName="assume", PolicyDocument=assume)
        sts = self.with_credentials("sts", **self.keys_of(f"for-{name}"))
        limits = {"Policy": session_policy} if session_policy else {}
        given = sts.assume_role(RoleArn=arn, RoleSessionName="session", **limits)["Credentials"]
        return self.with_credentials(
            "kms",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def key(self, *statements):
        """The ARN of a new key; with a key policy of these statements, whomever it locks out."""
        made = self.root.create_key()["KeyMetadata"]["Arn"]
        if statements:
            self.put(made, *statements)
        return made

    def put(self, key, *statements):
        self.root.put_key_policy(KeyId=key, Policy=policy(*statements), BypassPolicyLockoutSafetyCheck=True)


def to_assume(principal):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}


def arn(name):
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def encrypt(client, key, **context):
    return client.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]


@contextmanager
def denied(because):
    with refused("AccessDeniedException", because):
        yield


@pytest.fixture
def world(bastide):
    return World(bastide)


def test_without_delegation_the_key_policy_shuts_iam_out(world):
    key = world.key(to(arn("alice"), "kms:Encrypt"))
    alice, bob = world.user("alice"), world.user("bob", allow("kms:*"))
    assert encrypt(alice, key)
    with denied(BY_KEY):
        encrypt(bob, key)
    with denied(BY_KEY):
        encrypt(world.root, key)


def test_delegation_lets_iam_decide(world):
    key, other = world.key(), world.key()
    alice, bob = world.user("alice", allow("kms:Encrypt", resource=key)), world.user("bob")
    assert encrypt(alice, key)
    with denied(BY_IAM):
        encrypt(alice, other)
    with denied(BY_IAM):
        encrypt(bob, key)
    # A change is in force with the next call.
    world.iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=policy(allow("kms:Encrypt")))
    assert encrypt(bob, key)
    world.iam.delete_user_policy(UserName="bob", PolicyName="own")
    with denied(BY_IAM):
        encrypt(bob, key)


def test_an_explicit_deny_by_encryption_context(world):
    deny = {
        **to("*", "kms:*"),
        "Effect": "Deny",
        "Condition": {"StringEquals": {"kms:EncryptionContext:stage": "production"}},
    }
    key = world.key(DELEGATION, deny)
    alice = world.user("alice", allow("kms:*"))
    assert encrypt(alice, key, stage="test")
    with denied("with an explicit deny in a resource-based policy"):
        encrypt(alice, key, stage="production")


def test_both_accounts_must_allow(world, bastide):
    owner = bastide.client("kms", account=STRANGER)
    key = owner.create_key()["KeyMetadata"]["Arn"]
    alice, bob = world.user("alice", allow("kms:*")), world.user("bob")
    with denied("does not exist in this Region, no resource-based policies allow access"):
        encrypt(alice, key)
    with denied("does not exist in this Region, no resource-based policies allow access"):
        encrypt(alice, key[:-4] + "0000")
    own = {**DELEGATION, "Principal": {"AWS": [ROOT, f"arn:aws:iam::{STRANGER}:root"]}}
    owner.put_key_policy(KeyId=key, Policy=policy(own))
    blob = encrypt(alice, key)
    assert owner.decrypt(CiphertextBlob=blob)["KeyId"] == key
    with denied(BY_IAM):
        encrypt(bob, key)
    # Some operations never cross.
    with denied("does not exist in this Region"):
        alice.disable_key(KeyId=key)


def test_grants(world):
    key = world.key()
    bob, carol = world.user("bob"), world.user("carol")
    made = world.root.create_grant(
        KeyId=key,
        GranteePrincipal=arn("bob"),
        RetiringPrincipal=arn("carol"),
        Operations=["Encrypt", "Decrypt", "CreateGrant"],
        Constraints={"EncryptionContextSubset": {"dept": "it"}},
    )
    blob = encrypt(bob, key, dept="it", more="x")
    with denied(BY_IAM):
        encrypt(bob, key, dept="hr")
    context = {"dept": "it", "more": "x"}
    opened = bob.decrypt(CiphertextBlob=blob, EncryptionContext=context, GrantTokens=[made["GrantToken"]])
    assert opened["Plaintext"] == b"secret"
    with refused("InvalidGrantTokenException"):
        bob.decrypt(CiphertextBlob=blob, EncryptionContext=context, GrantTokens=["forged"])
    # What is passed on is no more than what was had.
    with denied("kms:CreateGrant"):
        bob.create_grant(KeyId=key, GranteePrincipal=arn("carol"), Operations=["Encrypt"])
    narrower = {"EncryptionContextEquals": {"dept": "it", "team": "red"}}
    bob.create_grant(KeyId=key, GranteePrincipal=arn("carol"), Operations=["Encrypt"], Constraints=narrower)
    assert encrypt(carol, key, dept="it", team="red")
    with denied(BY_IAM):
        encrypt(carol, key, dept="it")
    with denied("kms:RetireGrant"):
        bob.retire_grant(KeyId=key, GrantId=made["GrantId"])
    carol.retire_grant(KeyId=key, GrantId=made["GrantId"])
    with denied(BY_IAM):
        encrypt(bob, key, dept="it")


def test_an_aws_managed_key_is_its_services(world):
    world.root.describe_key(KeyId="alias/aws/s3")
    alice = world.user("alice", allow("kms:*"))
    assert alice.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyManager"] == "AWS"
    with denied(BY_KEY):
        encrypt(alice, "alias/aws/s3")


def test_tags_decide(world):
    same = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    statement = allow("kms:Encrypt", Condition=same)
    red = world.user("red", statement, Tags=[{"Key": "team", "Value": "red"}])
    blue = world.user("blue", statement, Tags=[{"Key": "team", "Value": "blue"}])
    key = world.root.create_key(Tags=[{"TagKey": "team", "TagValue": "red"}])["KeyMetadata"]["Arn"]
    assert encrypt(red, key)
    with denied(BY_IAM):
        encrypt(blue, key)
    world.root.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "blue"}])
    assert encrypt(blue, key)
    with denied(BY_IAM):
        encrypt(red, key)


def test_tags_at_birth_are_a_permission_of_their_own(world):
    alice = world.user("alice", allow("kms:CreateKey"))
    alice.create_key()
    with denied("because no identity-based policy allows the kms:TagResource action"):
        alice.create_key(Tags=[{"TagKey": "team", "TagValue": "red"}])


def test_boundaries_and_sessions_limit(world):
    key = world.key()
    limits = world.iam.create_policy(PolicyName="limits", PolicyDocument=policy(allow("kms:DescribeKey")))
    alice = world.user("alice", allow("kms:*"), PermissionsBoundary=limits["Policy"]["Arn"])
    assert alice.describe_key(KeyId=key)
    with denied("because no permissions boundary allows the kms:Encrypt action"):
        encrypt(alice, key)
    free = world.role("free", allow("kms:*"))
    assert encrypt(free, key)
    bound = world.role("bound", allow("kms:*"), session_policy=policy(allow("kms:DescribeKey")))
    assert bound.describe_key(KeyId=key)
    with denied("because no session policy allows the kms:Encrypt action"):
        encrypt(bound, key)
    # Given to the user itself by the key, the boundary does not hold it back.
    world.put(key, DELEGATION, to(arn("alice"), "kms:Encrypt"))
    assert encrypt(alice, key)


def test_a_ciphertext_does_not_tell_its_key(world):
    blob = encrypt(world.root, world.key())
    bob = world.user("bob")
    with refused("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist"):
        bob.decrypt(CiphertextBlob=blob)


def test_dry_runs_tell_whether_one_may(world):
    key = world.key()
    alice, bob = world.user("alice", allow("kms:Encrypt")), world.user("bob")
    with refused("DryRunOperationException"):
        alice.encrypt(KeyId=key, Plaintext=b"x", DryRun=True)
    with denied(BY_IAM):
        bob.encrypt(KeyId=key, Plaintext=b"x", DryRun=True)


def test_authors_are_not_locked_out(world):
    alice = world.user("alice", allow("kms:CreateKey", "kms:PutKeyPolicy"))
    use_only = policy(to(arn("alice"), "kms:Encrypt"))
    with refused("MalformedPolicyDocumentException", "will not allow you to update the key policy"):
        alice.create_key(Policy=use_only)
    alice.create_key(Policy=use_only, BypassPolicyLockoutSafetyCheck=True)
    key = alice.create_key(Policy=policy(DELEGATION))["KeyMetadata"]["Arn"]
    with refused("MalformedPolicyDocumentException", "will not allow you to update the key policy"):
        alice.put_key_policy(KeyId=key, Policy=use_only)
