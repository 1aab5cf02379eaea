"""STS through boto3 and the AWS CLI: sessions made, used for real calls, and refused."""

import json
import subprocess
import time

import pytest
from botocore.exceptions import ClientError
from expect import refused
from harness import ACCOUNT, REGION, program
from identities import Issuer, allow, as_, document, keys_of, role, totp, trust, user
from production import Production

ABROAD = "210987654321"
HOME = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.fixture
def iam(bastide):
    return bastide.client("iam")


@pytest.fixture
def alice(iam):
    """A user who may assume roles and nothing else."""
    return user(iam, "alice", allow(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]))


def assume(bastide, keys, arn, **more):
    return keys_of(as_(bastide, "sts", keys).assume_role(RoleArn=arn, RoleSessionName="session", **more))


def test_a_role_does_what_its_user_may_not(bastide, iam, alice):
    arn = role(iam, "Keys", trust(HOME), allow("kms:*"))
    with refused("AccessDeniedException", "no identity-based policy allows the kms:ListKeys action"):
        as_(bastide, "kms", alice).list_keys()
    keys = assume(bastide, alice, arn)
    key = as_(bastide, "kms", keys).create_key()["KeyMetadata"]["KeyId"]
    blob = as_(bastide, "kms", keys).encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert as_(bastide, "kms", keys).decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert as_(bastide, "sts", keys).get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Keys/session"
    with refused("AccessDenied", "sts:AssumeRole"):
        assume(bastide, keys, arn)


def test_a_session_ends(bastide, iam, alice):
    arn = role(iam, "Keys", trust(HOME), allow("kms:*"))
    keys = assume(bastide, alice, arn, DurationSeconds=900)
    as_(bastide, "kms", keys).list_keys()
    bastide.advance(901)
    with refused("ExpiredTokenException"):
        as_(bastide, "kms", keys).list_keys()


def test_a_deleted_role_ends_its_sessions(bastide, iam, alice):
    arn = role(iam, "Keys", trust(HOME), allow("kms:*"))
    keys = assume(bastide, alice, arn)
    as_(bastide, "kms", keys).list_keys()
    iam.delete_role_policy(RoleName="Keys", PolicyName="own")
    with refused("AccessDeniedException"):
        as_(bastide, "kms", keys).list_keys()
    iam.delete_role(RoleName="Keys")
    with refused("UnrecognizedClientException"):
        as_(bastide, "kms", keys).list_keys()
    role(iam, "Keys", trust(HOME), allow("kms:*"))
    with refused("UnrecognizedClientException"):
        as_(bastide, "kms", keys).list_keys()


def test_across_accounts(bastide, alice):
    abroad = bastide.client("iam", account=ABROAD)
    arn = role(abroad, "Guest", trust(HOME, Condition={"StringEquals": {"sts:ExternalId": "id-7"}}), allow("kms:*"))
    with refused("AccessDenied", "no role trust policy allows"):
        assume(bastide, alice, arn)
    keys = assume(bastide, alice, arn, ExternalId="id-7")
    made = as_(bastide, "kms", keys).create_key()["KeyMetadata"]["Arn"]
    assert made.startswith(f"arn:aws:kms:{REGION}:{ABROAD}:")
    events = [bastide.client("cloudtrail", account=a).lookup_events()["Events"] for a in (ACCOUNT, ABROAD)]
    shared = [
        json.loads(event["CloudTrailEvent"])["sharedEventID"]
        for found in events
        for event in found
        if event["EventName"] == "AssumeRole" and "sharedEventID" in event["CloudTrailEvent"]
    ]
    assert len(shared) == 2 and shared[0] == shared[1]


def test_session_policy_and_tags_decide(bastide, iam, alice):
    tagged = allow("kms:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    trusted = trust(HOME, ["sts:AssumeRole", "sts:TagSession"])
    arn = role(iam, "Team", trusted, tagged)
    red = [{"Key": "team", "Value": "red"}]
    with refused("AccessDeniedException"):
        as_(bastide, "kms", assume(bastide, alice, arn)).list_keys()
    as_(bastide, "kms", assume(bastide, alice, arn, Tags=red)).list_keys()
    narrowed = as_(bastide, "kms", assume(bastide, alice, arn, Tags=red, Policy=document(allow("kms:ListKeys"))))
    narrowed.list_keys()
    with refused("AccessDeniedException", "no session policy allows the kms:CreateKey action"):
        narrowed.create_key()


def test_the_cli_assumes_roles_by_profile(bastide, iam, alice, tmp_path):
    first = role(iam, "First", trust(HOME, Condition={"StringEquals": {"sts:ExternalId": "id-7"}}), allow("sts:AssumeRole"))
    abroad = bastide.client("iam", account=ABROAD)
    second = role(abroad, "Second", trust({"AWS": first}), allow("kms:*"))
    config = tmp_path / "config"
    config.write_text(
        f"[profile alice]\naws_access_key_id={alice.id}\naws_secret_access_key={alice.secret}\n"
        f"[profile first]\nrole_arn={first}\nsource_profile=alice\nexternal_id=id-7\n"
        f"[profile stranger]\nrole_arn={first}\nsource_profile=alice\n"
        f"[profile second]\nrole_arn={second}\nsource_profile=first\nrole_session_name=chained\n"
    )

    def aws(profile, *args):
        environment = {k: v for k, v in bastide.environment().items() if k not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        environment |= {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": profile}
        return subprocess.run(["aws", "--output", "json", *args], env=environment, capture_output=True, text=True, check=False)

    assert json.loads(aws("second", "sts", "get-caller-identity").stdout)["Arn"] == f"arn:aws:sts::{ABROAD}:assumed-role/Second/chained"
    assert json.loads(aws("second", "kms", "create-key").stdout)["KeyMetadata"]["AWSAccountId"] == ABROAD
    assert "(AccessDenied)" in aws("stranger", "sts", "get-caller-identity").stderr
    made = aws("alice", "sts", "assume-role", "--role-arn", first, "--role-session-name", "typed", "--external-id", "id-7")
    assert json.loads(made.stdout)["AssumedRoleUser"]["Arn"].endswith("/First/typed")


def test_a_second_factor(bastide, iam, alice, tmp_path):
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    serial, seed = made["SerialNumber"], made["Base32StringSeed"]
    now = time.time()
    iam.enable_mfa_device(
        UserName="alice", SerialNumber=serial, AuthenticationCode1=totp(seed, now - 30), AuthenticationCode2=totp(seed, now)
    )
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    arn = role(iam, "Careful", trust(HOME, Condition=condition), allow("kms:*", Condition=condition))
    with refused("AccessDenied"):
        assume(bastide, alice, arn)
    bastide.advance(60)
    shown = {"SerialNumber": serial, "TokenCode": totp(seed, time.time() + 60)}
    keys = assume(bastide, alice, arn, **shown)
    as_(bastide, "kms", keys).list_keys()
    with refused("AccessDenied", "MultiFactorAuthentication failed"):
        assume(bastide, alice, arn, **shown)
    # The CLI asks for the code of a profile with mfa_serial on its terminal's input.
    bastide.advance(60)
    config = tmp_path / "config"
    config.write_text(
        f"[profile alice]\naws_access_key_id={alice.id}\naws_secret_access_key={alice.secret}\n"
        f"[profile careful]\nrole_arn={arn}\nsource_profile=alice\nmfa_serial={serial}\n"
    )
    environment = bastide.environment() | {"AWS_CONFIG_FILE": str(config)}
    code = totp(seed, time.time() + 120)
    given = ["--serial-number", serial, "--token-code", code]
    made = subprocess.run(
        ["aws", "--profile", "alice", "--output", "json", "sts", "get-session-token", *given],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    keys = keys_of(json.loads(made.stdout))
    as_(bastide, "kms", assume(bastide, keys, arn))


def test_federated_users(bastide, iam):
    bob = user(iam, "bob", allow("kms:*"), allow("sts:GetFederationToken"))
    sts = as_(bastide, "sts", bob)
    answer = sts.get_federation_token(Name="guest", Policy=document(allow("kms:ListKeys")))
    assert answer["FederatedUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
    guest = keys_of(answer)
    as_(bastide, "kms", guest).list_keys()
    with refused("AccessDeniedException"):
        as_(bastide, "kms", guest).create_key()
    with refused("InvalidClientTokenId"):
        as_(bastide, "iam", guest).list_users()


def test_forged_tokens_are_refused(bastide, iam, alice, tmp_path):
    arn = role(iam, "Keys", trust(HOME), allow("kms:*"))
    keys = assume(bastide, alice, arn)
    middle = len(keys.token) // 2
    for token in (
        keys.token[:middle] + ("A" if keys.token[middle] != "A" else "B") + keys.token[middle + 1 :],
        keys.token[:-4],
        keys.token + "AAAA",
        None,
    ):
        keys.token = token
        with refused("UnrecognizedClientException"):
            as_(bastide, "kms", keys).list_keys()


def test_forged_tokens_are_refused_in_production(tmp_path):
    server = Production(tmp_path)
    try:
        server.authority = str(server.data_dir / "ca.pem")
        server.url = server.url.replace("127.0.0.1", "localhost")
        root = keys_of({"Credentials": {"AccessKeyId": server.key, "SecretAccessKey": server.secret}})
        sts = as_(server, "sts", root)
        keys = keys_of(sts.get_session_token())
        as_(server, "kms", keys).list_keys()
        real = keys.token
        for token in (real[:-8] + "AAAAAAA=", "anything", None):
            keys.token = token
            with refused("UnrecognizedClientException"):
                as_(server, "kms", keys).list_keys()
        with refused("AccessDenied", "Roles may not be assumed by root accounts."):
            sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/R", RoleSessionName="session")
    finally:
        server.process.kill()


def test_web_identities(own_bastide, tmp_path):
    issuer = Issuer(tmp_path)
    bastide = own_bastide(*issuer.options)
    iam = bastide.client("iam")
    provider = iam.create_open_id_connect_provider(Url=f"https://{issuer.host}", ClientIDList=["sts.amazonaws.com"])
    provider = provider["OpenIDConnectProviderArn"]
    condition = {"StringLike": {f"{issuer.host}:sub": "repo:acme/*"}, "StringEquals": {f"{issuer.host}:aud": "sts.amazonaws.com"}}
    trusted = trust({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition=condition)
    arn = role(iam, "Ci", trusted, allow("kms:*"))
    # As CI systems do: the token stands in a file, and the SDK or the CLI does the rest. No credentials are needed.
    token = tmp_path / "token"
    token.write_text(issuer.token())
    environment = {k: v for k, v in bastide.environment().items() if k not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    environment |= {"AWS_ROLE_ARN": arn, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_SESSION_NAME": "build"}
    made = subprocess.run(["aws", "--output", "json", "kms", "create-key"], env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    event = json.loads(bastide.client("cloudtrail").lookup_events()["Events"][0]["CloudTrailEvent"])
    assert event["userIdentity"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Ci/build"
    assert event["userIdentity"]["sessionContext"]["webIdFederationData"]["federatedProvider"] == provider

    sts = bastide.client("sts")

    def login(token):
        return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="build", WebIdentityToken=token)

    assert login(issuer.token())["SubjectFromWebIdentityToken"] == "repo:acme/app"
    other = Issuer(tmp_path)
    for token, code in (
        (other.token(), "InvalidIdentityToken"),
        (issuer.token(aud="other"), "InvalidIdentityToken"),
        (issuer.token(exp=int(time.time()) - 1), "ExpiredTokenException"),
        (issuer.token(iss="https://evil.example.com"), "InvalidIdentityToken"),
        (issuer.token(header={"alg": "none"}), "InvalidIdentityToken"),
        (issuer.token(sub="repo:other/app"), "AccessDenied"),
        (issuer.token()[:-3] + "AAA", "InvalidIdentityToken"),
    ):
        with refused(code):
            login(token)


def test_refusals_explain_themselves(bastide, iam):
    denied = {"Sid": "NoKeys", "Effect": "Deny", "Action": "kms:CreateKey", "Resource": "*"}
    carol = user(iam, "carol", allow("*"), denied)
    with pytest.raises(ClientError) as no:
        as_(bastide, "kms", carol).create_key()
    request = no.value.response["ResponseMetadata"]["RequestId"]

    def explain(*args, **environment):
        command = [program(), "explain", *args]
        return subprocess.run(command, env=bastide.environment() | environment, capture_output=True, text=True, check=False)

    found = explain(request)
    assert found.returncode == 0, found.stderr
    found = json.loads(found.stdout)
    assert found["requestId"] == request and found["action"] == "kms:CreateKey"
    assert found["principal"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/carol"
    assert found["reasons"][0]["statement"]["sid"] == "NoKeys"
    assert found["conditions"]["aws:requestedregion"] == [REGION]
    text = explain(request, "--text").stdout
    assert text.startswith("DENIED\n") and '"NoKeys"' in text and "\x1b" not in text
    # Who may not decode is told so; a call that is not there, or was not refused, explains nothing.
    dave = user(iam, "dave", allow("cloudtrail:LookupEvents"))
    poor = explain(request, AWS_ACCESS_KEY_ID=dave.id, AWS_SECRET_ACCESS_KEY=dave.secret)
    assert poor.returncode == 1 and "sts:DecodeAuthorizationMessage" in poor.stderr
    assert explain("00000000-0000-0000-0000-000000000000").returncode == 1
    fine = bastide.client("kms").list_keys()["ResponseMetadata"]["RequestId"]
    assert "succeeded" in explain(fine).stderr
    assert explain().returncode == 2
    message = json.loads(bastide.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateKey"}]
    )["Events"][0]["CloudTrailEvent"])["additionalEventData"]["encodedAuthorizationMessage"]  # fmt: skip
    decoded = bastide.client("sts").decode_authorization_message(EncodedMessage=message)["DecodedMessage"]
    assert json.loads(decoded)["explicitDeny"] is True
