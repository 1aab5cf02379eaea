"""Roles: who may assume them, what their sessions may do, and what belongs to them, through boto3 and the AWS CLI."""

import json

import boto3
import pytest
from botocore.config import Config
from expect import refused
from harness import ACCOUNT, REGION
from test_iam_policies import Person, allow, create_policy, denied, deny, document


@pytest.fixture
def iam(bastide):
    return bastide.client("iam")


@pytest.fixture
def ada(bastide):
    return Person(bastide, "ada")


def trust(**principal):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def user_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def session(bastide, caller, role, service, name="session"):
    """A client of `service` in a session of the role, assumed by a client of STS."""
    answer = caller.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName=name)
    made = answer["Credentials"]
    client = boto3.Session(
        region_name=REGION,
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"],
    )
    config = Config(retries={"total_max_attempts": 1})
    return client.client(service, endpoint_url=bastide.url, config=config)


def test_a_role_does_what_its_policies_say(bastide, iam, ada):
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust(AWS=user_arn("ada")))
    kms = session(bastide, ada.client("sts"), "reader", "kms")
    with denied("assumed-role/reader/session is not authorized to perform: kms:ListKeys"):
        kms.list_keys()
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=document(allow("kms:ListKeys")))
    kms.list_keys()
    iam.attach_role_policy(RoleName="reader", PolicyArn=create_policy(iam, "no", deny("kms:*")))
    with denied("explicit deny in an identity-based policy"):
        kms.list_keys()
    iam.detach_role_policy(RoleName="reader", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/no")
    bound = create_policy(iam, "bound", allow("iam:*"))
    iam.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=bound)
    with denied("no permissions boundary allows"):
        kms.list_keys()


def test_trust_is_in_a_user_and_not_in_a_name(bastide, iam, ada):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(AWS=user_arn("ada")))
    session(bastide, ada.client("sts"), "r", "kms")
    shown = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": user_arn("ada")}

    key = ada.credentials["aws_access_key_id"]
    unique_id = iam.get_user(UserName="ada")["User"]["UserId"]
    iam.delete_access_key(UserName="ada", AccessKeyId=key)
    iam.delete_user(UserName="ada")
    other = Person(bastide, "ada")
    with denied("sts:AssumeRole"):
        session(bastide, other.client("sts"), "r", "kms")
    shown = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": unique_id}
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trust(AWS=user_arn("ada")))
    session(bastide, other.client("sts"), "r", "kms")


def test_principals_must_exist(iam):
    with refused("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{user_arn("nobody")}"'):
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(AWS=user_arn("nobody")))
    with refused("MalformedPolicyDocument"):
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(allow("sts:AssumeRole")))


def test_last_use_and_settings(bastide, iam, ada):
    iam.create_role(
        RoleName="r",
        Path="/team/",
        AssumeRolePolicyDocument=trust(AWS=user_arn("ada")),
        MaxSessionDuration=7200,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(allow("kms:ListKeys")))
    assert not iam.get_role(RoleName="r")["Role"]["RoleLastUsed"]
    session(bastide, ada.client("sts"), "team/r", "kms").list_keys()
    role = iam.get_role(RoleName="r")["Role"]
    assert role["RoleLastUsed"]["Region"] == REGION
    assert role["Tags"] == [{"Key": "a", "Value": "b"}] and role["MaxSessionDuration"] == 7200
    listed = bastide.aws("iam", "list-roles", "--path-prefix", "/team/")["Roles"]
    assert [(role["RoleName"], "Tags" in role) for role in listed] == [("r", False)]
    with refused("DeleteConflict", "must delete policies first"):
        iam.delete_role(RoleName="r")


def test_instance_profiles_pass_their_role(iam, ada):
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
    iam.create_instance_profile(InstanceProfileName="web")
    ada.put(allow("iam:AddRoleToInstanceProfile"))
    with denied("iam:PassRole"):
        ada.client("iam").add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    ada.put(allow("iam:PassRole", StringEquals={"iam:PassedToService": "ec2.amazonaws.com"}), name="pass")
    ada.client("iam").add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    profile = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["web"]
    with refused("DeleteConflict", "must remove roles from instance profile first"):
        iam.delete_role(RoleName="web")


def test_service_linked_roles(bastide, iam):
    made = iam.create_service_linked_role(AWSServiceName="guardduty.amazonaws.com")["Role"]
    assert made["Path"] == "/aws-service-role/guardduty.amazonaws.com/"
    name = made["RoleName"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AmazonGuardDutyServiceRolePolicy"]
    with refused("UnmodifiableEntity", "only modifiable by AWS"):
        iam.delete_role(RoleName=name)
    task = bastide.aws("iam", "delete-service-linked-role", "--role-name", name)["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with refused("NoSuchEntity"):
        iam.get_role(RoleName=name)


def test_identity_providers(bastide, iam):
    arn = iam.create_open_id_connect_provider(
        Url="https://token.example.com", ClientIDList=["a"], ThumbprintList=["ab" * 20]
    )["OpenIDConnectProviderArn"]
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (provider["Url"], provider["ClientIDList"]) == ("token.example.com", ["a", "b"])
    listed = bastide.aws("iam", "list-open-id-connect-providers")["OpenIDConnectProviderList"]
    assert [entry["Arn"] for entry in listed] == [arn]
    with refused("InvalidInput"):
        iam.create_open_id_connect_provider(Url="http://token.example.com")

    metadata = (
        '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com">'
        '<IDPSSODescriptor><KeyDescriptor use="signing"><X509Certificate>AQID</X509Certificate></KeyDescriptor>'
        f"</IDPSSODescriptor>{' ' * 1000}</EntityDescriptor>"
    )
    arn = iam.create_saml_provider(Name="idp", SAMLMetadataDocument=metadata)["SAMLProviderArn"]
    assert iam.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == metadata
    with refused("InvalidInput", "Could not parse metadata"):
        iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument="x" * 1000)
    iam.tag_saml_provider(SAMLProviderArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert iam.list_saml_provider_tags(SAMLProviderArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    iam.delete_saml_provider(SAMLProviderArn=arn)
    assert iam.list_saml_providers()["SAMLProviderList"] == []
