"""Organizations: the tree, its policies enforced on real calls, and accounts that work from the moment they are made."""

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from expect import refused

MANAGEMENT = "123456789012"
OUTSIDER = "999900001111"
FULL_ACCESS = "p-FullAWSAccess"


def policy(effect, actions, **rest):
    statement = {"Effect": effect, "Action": actions, "Resource": "*", **rest}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Organization:
    """An organization with all features, and short ways to what the tests do with it."""

    def __init__(self, bastide):
        self.bastide = bastide
        self.client = bastide.client("organizations")
        self.id = self.client.create_organization()["Organization"]["Id"]
        self.root = self.client.list_roots()["Roots"][0]["Id"]

    def account(self, name, **options):
        """A new account's number."""
        answer = self.client.create_account(AccountName=name, Email=f"{name}@example.com", **options)
        status = answer["CreateAccountStatus"]
        assert status["State"] == "IN_PROGRESS" and "AccountId" not in status
        self.bastide.advance(1)
        done = self.client.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
        assert done["State"] == "SUCCEEDED", done
        return done["AccountId"]

    def unit(self, name, parent=None):
        answer = self.client.create_organizational_unit(ParentId=parent or self.root, Name=name)
        return answer["OrganizationalUnit"]["Id"]

    def policy(self, name, content, kind="SERVICE_CONTROL_POLICY"):
        answer = self.client.create_policy(Name=name, Description="", Content=content, Type=kind)
        return answer["Policy"]["PolicySummary"]["Id"]

    def attach(self, policy_id, target):
        self.client.attach_policy(PolicyId=policy_id, TargetId=target)

    def detach(self, policy_id, target):
        self.client.detach_policy(PolicyId=policy_id, TargetId=target)

    def move(self, account, source, destination):
        self.client.move_account(AccountId=account, SourceParentId=source, DestinationParentId=destination)


@pytest.fixture
def organization(bastide):
    return Organization(bastide)


def signed_in(bastide, service, credentials):
    """A client with credentials that Bastide made."""
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    key, secret, token = (credentials.get(name) for name in names)
    session = boto3.Session(key, secret, token, region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1})
    return session.client(service, endpoint_url=bastide.url, config=config)


def user_of(bastide, account, name):
    """An administrator of the account, as a function that makes clients."""
    iam = bastide.client("iam", account=account)
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy("Allow", "*"))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return lambda service: signed_in(bastide, service, key)


def test_a_created_account_is_entered_through_its_role(bastide, organization):
    account = organization.account("workloads")
    sts = user_of(bastide, MANAGEMENT, "admin")("sts")
    arn = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName="first")["Credentials"]
    who = signed_in(bastide, "sts", credentials).get_caller_identity()
    assert who["Account"] == account
    assert who["Arn"] == f"arn:aws:sts::{account}:assumed-role/OrganizationAccountAccessRole/first"
    key = signed_in(bastide, "kms", credentials).create_key()["KeyMetadata"]
    assert key["AWSAccountId"] == account
    stranger = user_of(bastide, OUTSIDER, "stranger")("sts")
    with refused("AccessDenied"):
        stranger.assume_role(RoleArn=arn, RoleSessionName="theft")


def test_a_policy_binds_root_users_and_roles_of_a_member_at_once(bastide, organization):
    account = organization.account("member")
    root, user = bastide.client("kms", account=account), user_of(bastide, account, "user")("kms")
    key = root.create_key()["KeyMetadata"]["KeyId"]
    no_keys = organization.policy("no-keys", policy("Deny", "kms:CreateKey"))
    organization.attach(no_keys, account)
    for client in (root, user):
        with refused("AccessDeniedException", "with an explicit deny in a service control policy"):
            client.create_key()
        client.describe_key(KeyId=key)
    bastide.client("kms").create_key()
    organization.detach(no_keys, account)
    for client in (root, user):
        client.create_key()


def test_allowing_must_go_through_every_level(bastide, organization):
    account, unit = organization.account("member"), organization.unit("unit")
    organization.move(account, organization.root, unit)
    kms, iam = bastide.client("kms", account=account), bastide.client("iam", account=account)
    keys_alone = organization.policy("keys-alone", policy("Allow", "kms:*"))
    for level in (organization.root, unit, account):
        organization.attach(keys_alone, level)
        iam.list_users()
        organization.detach(FULL_ACCESS, level)
        kms.list_keys()
        with refused("AccessDenied", "because no service control policy allows the iam:ListUsers action"):
            iam.list_users()
        with pytest.raises(ClientError) as last:
            organization.detach(keys_alone, level)
        assert last.value.response["Reason"] == "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
        organization.attach(FULL_ACCESS, level)
        organization.detach(keys_alone, level)
        iam.list_users()


def test_a_resource_control_policy_keeps_outsiders_off_a_key(bastide, organization):
    account = organization.account("owner")
    owner = bastide.client("kms", account=account)
    everyone = {"Sid": "all", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everyone]})
    arn = owner.create_key(Policy=document)["KeyMetadata"]["Arn"]
    inside = user_of(bastide, MANAGEMENT, "inside")("kms")
    outside = user_of(bastide, OUTSIDER, "outside")("kms")
    outside.encrypt(KeyId=arn, Plaintext=b"before")

    client = organization.client
    client.enable_policy_type(RootId=organization.root, PolicyType="RESOURCE_CONTROL_POLICY")
    attached = client.list_policies_for_target(TargetId=account, Filter="RESOURCE_CONTROL_POLICY")["Policies"]
    assert [policy["Name"] for policy in attached] == ["RCPFullAWSAccess"]
    ours = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization.id}}
    perimeter = policy("Deny", "kms:*", Principal="*", Condition=ours)
    perimeter = organization.policy("perimeter", perimeter, "RESOURCE_CONTROL_POLICY")
    organization.attach(perimeter, organization.root)
    with refused("AccessDeniedException", "with an explicit deny in a resource control policy"):
        outside.encrypt(KeyId=arn, Plaintext=b"during")
    inside.encrypt(KeyId=arn, Plaintext=b"during")
    owner.encrypt(KeyId=arn, Plaintext=b"during")
    organization.detach(perimeter, organization.root)
    outside.encrypt(KeyId=arn, Plaintext=b"after")


def test_key_policies_know_the_organization_and_its_units(bastide, organization):
    account, unit = organization.account("member"), organization.unit("unit")
    allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Encrypt", "Resource": "*"}
    path = f"{organization.id}/{organization.root}/{unit}/*"
    below = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": path}}
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, "Action": "kms:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [own, {**allow, "Condition": below}]})
    arn = bastide.client("kms").create_key(Policy=document)["KeyMetadata"]["Arn"]
    member = user_of(bastide, account, "user")("kms")
    with refused("AccessDeniedException"):
        member.encrypt(KeyId=arn, Plaintext=b"x")
    organization.move(account, organization.root, unit)
    member.encrypt(KeyId=arn, Plaintext=b"x")


def test_a_closed_account_is_shut_for_everyone_in_it(bastide, organization):
    account = organization.account("closing")
    user = user_of(bastide, account, "user")("kms")
    user.list_keys()
    organization.client.close_account(AccountId=account)
    for client in (user, bastide.client("kms", account=account)):
        with refused("AccessDeniedException", "closed"):
            client.list_keys()
    shown = organization.client.describe_account(AccountId=account)["Account"]
    assert (shown["Status"], shown["State"]) == ("SUSPENDED", "CLOSED")


def test_an_invited_account_is_bound_when_it_joins_and_free_when_it_left(bastide, organization):
    unbound = bastide.client("kms", account=OUTSIDER)
    theirs = bastide.client("organizations", account=OUTSIDER)
    no_keys = organization.policy("no-keys", policy("Deny", "kms:CreateKey"))
    organization.attach(no_keys, organization.root)
    target = {"Id": OUTSIDER, "Type": "ACCOUNT"}
    handshake = organization.client.invite_account_to_organization(Target=target, Notes="come")["Handshake"]
    assert [h["Id"] for h in theirs.list_handshakes_for_account()["Handshakes"]] == [handshake["Id"]]
    unbound.create_key()
    assert theirs.accept_handshake(HandshakeId=handshake["Id"])["Handshake"]["State"] == "ACCEPTED"
    with refused("AccessDeniedException"):
        unbound.create_key()
    with refused("AccessDeniedException"):
        theirs.list_accounts()
    theirs.leave_organization()
    unbound.create_key()
    with refused("AWSOrganizationsNotInUseException"):
        theirs.describe_organization()


def test_reasons_reach_the_client(organization):
    with pytest.raises(ClientError) as caught:
        organization.client.close_account(AccountId=MANAGEMENT)
    assert caught.value.response["Error"]["Code"] == "ConstraintViolationException"
    assert caught.value.response["Reason"] == "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"


def test_only_those_with_permission_change_the_organization(bastide, organization):
    iam = bastide.client("iam")
    iam.create_user(UserName="clerk")
    root_only = {
        "Effect": "Allow",
        "Action": ["organizations:CreateOrganizationalUnit", "organizations:TagResource"],
        "Resource": f"arn:aws:organizations::{MANAGEMENT}:root/{organization.id}/{organization.root}",
        "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [root_only]})
    iam.put_user_policy(UserName="clerk", PolicyName="units", PolicyDocument=document)
    key = iam.create_access_key(UserName="clerk")["AccessKey"]
    clerk = signed_in(bastide, "organizations", key)
    team, cost = [{"Key": "team", "Value": "a"}], [{"Key": "cost", "Value": "a"}]
    unit = clerk.create_organizational_unit(ParentId=organization.root, Name="a", Tags=team)["OrganizationalUnit"]
    with refused("AccessDeniedException", "organizations:CreateOrganizationalUnit"):
        clerk.create_organizational_unit(ParentId=unit["Id"], Name="b")
    clerk.tag_resource(ResourceId=organization.root, Tags=team)
    with refused("AccessDeniedException", "organizations:TagResource"):
        clerk.tag_resource(ResourceId=organization.root, Tags=cost)


def test_the_command_line_builds_an_organization(bastide):
    made = bastide.aws("organizations", "create-organization", "--feature-set", "ALL")["Organization"]
    assert made["MasterAccountId"] == MANAGEMENT and made["FeatureSet"] == "ALL"
    root = bastide.aws("organizations", "list-roots", "--query", "Roots[0].Id")
    unit = bastide.aws("organizations", "create-organizational-unit", "--parent-id", root, "--name", "prod")
    unit = unit["OrganizationalUnit"]["Id"]
    request = bastide.aws("organizations", "create-account", "--email", "p@example.com", "--account-name", "prod")
    bastide.advance(1)
    request = request["CreateAccountStatus"]["Id"]
    status = bastide.aws(
        "organizations", "describe-create-account-status", "--create-account-request-id", request
    )
    account = status["CreateAccountStatus"]["AccountId"]
    bastide.aws(
        *("organizations", "move-account", "--account-id", account),
        *("--source-parent-id", root, "--destination-parent-id", unit),
    )
    listed = bastide.aws("organizations", "list-accounts-for-parent", "--parent-id", unit)["Accounts"]
    assert [a["Id"] for a in listed] == [account] and listed[0]["JoinedMethod"] == "CREATED"
    assert listed[0]["Paths"] == [f"{made['Id']}/{root}/{unit}/{account}/"]
    created = [
        event["EventName"]
        for event in bastide.aws("cloudtrail", "lookup-events", "--max-results", "50")["Events"]
        if event["EventSource"] == "organizations.amazonaws.com"
    ]
    assert {"CreateOrganization", "CreateAccount", "CreateAccountResult", "MoveAccount"} <= set(created)
