"""Users, groups and their credentials, by boto3 and the AWS CLI: who may sign in with what, and what IAM tells of it."""

import base64
import csv
import datetime
import hashlib
import hmac
import io
import json
import struct
import subprocess
import zlib

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from expect import refused
from harness import ACCOUNT, REGION

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
INVALID = "InvalidClientTokenId"
PASSWORD = "Correct-horse-9"


@pytest.fixture
def iam(bastide):
    return bastide.client("iam")


@pytest.fixture
def ada(iam):
    return iam.create_user(UserName="ada", Tags=[{"Key": "team", "Value": "maths"}])["User"]


def client_of(bastide, service, key, token=None):
    """A client that signs with an access key."""
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], token, region_name=REGION)
    once = Config(retries={"total_max_attempts": 1})
    return session.client(service, endpoint_url=bastide.url, config=once)


def key_of(iam, name):
    return iam.create_access_key(UserName=name)["AccessKey"]


def allow(*actions):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def names(items, key):
    return [item[key] for item in items]


class Authenticator:
    """An authenticator app: RFC 6238 over the seed that IAM hands out."""

    def __init__(self, bastide, device):
        self.bastide = bastide
        self.serial = device["SerialNumber"]
        self.seed = base64.b32decode(device["Base32StringSeed"])

    def code(self, steps=0):
        """The code on display, or the one so many steps from it."""
        now = datetime.datetime.fromisoformat(self.bastide.control("clock")["now"])
        digest = hmac.digest(self.seed, struct.pack(">q", int(now.timestamp()) // 30 + steps), hashlib.sha1)
        offset = digest[-1] & 15
        number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"

    def enable(self, iam, user):
        codes = {"AuthenticationCode1": self.code(-1), "AuthenticationCode2": self.code()}
        iam.enable_mfa_device(UserName=user, SerialNumber=self.serial, **codes)


@pytest.fixture
def phone(bastide, iam, ada):
    """A virtual device of ada's, ready to show its next code."""
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    phone = Authenticator(bastide, device)
    phone.enable(iam, "ada")
    bastide.advance(30)
    return phone


# Access keys


def test_a_key_signs_in_until_it_is_taken_away(bastide, iam, ada):
    key = key_of(iam, "ada")
    sts, own = client_of(bastide, "sts", key), client_of(bastide, "iam", key)
    assert sts.get_caller_identity()["Arn"] == ada["Arn"]
    with refused("AccessDenied", "is not authorized to perform: iam:GetUser"):
        own.get_user()
    iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=allow("iam:GetUser"))
    assert own.get_user()["User"]["UserId"] == ada["UserId"]
    with refused("AccessDenied", "iam:ListUsers"):
        own.list_users()

    change = {"UserName": "ada", "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(Status="Inactive", **change)
    with refused(INVALID):
        own.get_user()
    iam.update_access_key(Status="Active", **change)
    own.get_user()
    iam.delete_access_key(**change)
    with refused(INVALID):
        own.get_user()
    with refused("NoSuchEntity", f"The Access Key with id {key['AccessKeyId']} cannot be found."):
        iam.delete_access_key(**change)


def test_keys_are_two_and_users_manage_their_own(bastide, iam, ada):
    actions = ("iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys")
    iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=allow(*actions))
    first = key_of(iam, "ada")
    own = client_of(bastide, "iam", first)
    second = own.create_access_key()["AccessKey"]
    assert second["UserName"] == "ada"
    with refused("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"):
        own.create_access_key()
    client_of(bastide, "iam", second).delete_access_key(AccessKeyId=first["AccessKeyId"])
    listed = iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]
    assert names(listed, "AccessKeyId") == [second["AccessKeyId"]]


def test_root_keys(bastide, iam):
    key = iam.create_access_key()["AccessKey"]
    root = client_of(bastide, "sts", key)
    assert root.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1
    last = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (last["ServiceName"], last["Region"]) == ("sts", REGION)
    iam.delete_access_key(AccessKeyId=key["AccessKeyId"])
    with refused(INVALID):
        root.get_caller_identity()


def test_last_use_of_a_key(bastide, iam, ada):
    key = key_of(iam, "ada")
    asked = {"AccessKeyId": key["AccessKeyId"]}
    never = iam.get_access_key_last_used(**asked)
    assert never["UserName"] == "ada"
    assert never["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    iam.attach_user_policy(UserName="ada", PolicyArn=ADMINISTRATOR)
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="eu-west-1")
    session.client("kms", endpoint_url=bastide.url).list_keys()
    last = iam.get_access_key_last_used(**asked)["AccessKeyLastUsed"]
    assert (last["ServiceName"], last["Region"]) == ("kms", "eu-west-1")
    with refused("AccessDenied"):
        bastide.client("iam", account="210987654321").get_access_key_last_used(**asked)


# Users and groups


def test_a_renamed_user_keeps_key_groups_and_device(bastide, iam, ada, phone):
    iam.create_group(GroupName="staff")
    iam.put_group_policy(GroupName="staff", PolicyName="all", PolicyDocument=allow("iam:*"))
    iam.add_user_to_group(GroupName="staff", UserName="ada")
    own = client_of(bastide, "iam", key_of(iam, "ada"))
    iam.update_user(UserName="ada", NewUserName="lovelace", NewPath="/maths/")
    user = own.get_user()["User"]
    assert (user["UserName"], user["UserId"]) == ("lovelace", ada["UserId"])
    assert user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/maths/lovelace"
    assert names(own.list_groups_for_user(UserName="lovelace")["Groups"], "GroupName") == ["staff"]
    assert names(own.list_mfa_devices()["MFADevices"], "SerialNumber") == [phone.serial]
    with refused("NoSuchEntity", "The user with name ada cannot be found."):
        iam.get_user(UserName="ada")


def test_a_group_lets_and_stops_letting(bastide, iam, ada):
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="read", PolicyDocument=allow("iam:ListUsers"))
    own = client_of(bastide, "iam", key_of(iam, "ada"))
    with refused("AccessDenied"):
        own.list_users()
    iam.add_user_to_group(GroupName="readers", UserName="ada")
    assert names(own.list_users()["Users"], "UserName") == ["ada"]
    iam.update_group(GroupName="readers", NewGroupName="Audience")
    own.list_users()
    with refused("DeleteConflict", "must remove users from group first"):
        iam.delete_group(GroupName="audience")
    iam.remove_user_from_group(GroupName="audience", UserName="ada")
    with refused("AccessDenied"):
        own.list_users()
    iam.delete_group_policy(GroupName="audience", PolicyName="read")
    iam.delete_group(GroupName="audience")


def test_listings_go_by_pages(iam):
    for n in range(7):
        iam.create_user(UserName=f"user{n}", Path="/a/" if n % 2 else "/b/")
        iam.create_group(GroupName=f"group{n}")
        iam.add_user_to_group(GroupName="group0", UserName=f"user{n}")
    pages = {"PaginationConfig": {"PageSize": 2}}
    users = iam.get_paginator("list_users").paginate(PathPrefix="/a/", **pages).search("Users[].UserName")
    assert list(users) == ["user1", "user3", "user5"]
    groups = iam.get_paginator("list_groups").paginate(**pages).search("Groups[].GroupName")
    assert list(groups) == [f"group{n}" for n in range(7)]
    members = iam.get_paginator("get_group").paginate(GroupName="group0", **pages).search("Users[].UserName")
    assert list(members) == [f"user{n}" for n in range(7)]


def test_tags_of_users_decide(bastide, iam, ada):
    statement = {
        "Effect": "Allow",
        "Action": "iam:GetUser",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="ada", PolicyName="team", PolicyDocument=document)
    iam.create_user(UserName="bob")
    own = client_of(bastide, "iam", key_of(iam, "ada"))
    with refused("AccessDenied"):
        own.get_user(UserName="bob")
    iam.tag_user(UserName="bob", Tags=[{"Key": "Team", "Value": "maths"}])
    assert own.get_user(UserName="bob")["User"]["Tags"] == [{"Key": "Team", "Value": "maths"}]
    iam.untag_user(UserName="bob", TagKeys=["team"])
    assert iam.list_user_tags(UserName="bob")["Tags"] == []
    with refused("AccessDenied"):
        own.get_user(UserName="bob")


# Passwords


def test_passwords_follow_the_accounts_policy(bastide, iam, ada):
    iam.update_account_password_policy(
        MinimumPasswordLength=12,
        RequireNumbers=True,
        AllowUsersToChangePassword=True,
        PasswordReusePrevention=1,
        MaxPasswordAge=30,
    )
    with refused("PasswordPolicyViolation", "Password should have a minimum length of 12"):
        iam.create_login_profile(UserName="ada", Password="Short-1")
    iam.create_login_profile(UserName="ada", Password=PASSWORD, PasswordResetRequired=True)
    assert iam.get_login_profile(UserName="ada")["LoginProfile"]["PasswordResetRequired"]
    own = client_of(bastide, "iam", key_of(iam, "ada"))
    with refused("AccessDenied", "The old password was incorrect."):
        own.change_password(OldPassword="Wrong-horse-99", NewPassword="Another-horse-9")
    with refused("PasswordPolicyViolation"):
        own.change_password(OldPassword=PASSWORD, NewPassword=PASSWORD)
    own.change_password(OldPassword=PASSWORD, NewPassword="Another-horse-9")
    assert not iam.get_login_profile(UserName="ada")["LoginProfile"]["PasswordResetRequired"]
    assert own.get_account_password_policy()["PasswordPolicy"]["ExpirePasswords"]
    with refused("InvalidUserType"):
        iam.change_password(OldPassword=PASSWORD, NewPassword=PASSWORD)
    stored = b"".join(path.read_bytes() for path in bastide.data_dir.rglob("*") if path.is_file())
    assert PASSWORD.encode() not in stored and b"Another-horse-9" not in stored


# Second factors


def test_the_picture_is_a_png_and_the_seed_is_shown_once(bastide, iam):
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone", Path="/phones/")["VirtualMFADevice"]
    assert device["SerialNumber"] == f"arn:aws:iam::{ACCOUNT}:mfa/phones/phone"
    picture = device["QRCodePNG"]
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, rest = {}, picture[8:]
    while rest:
        length, kind = struct.unpack(">I4s", rest[:8])
        data = rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length])[0] == zlib.crc32(kind + data)
        chunks[kind], rest = data, rest[12 + length :]
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + (width + 7) // 8)
    assert "Base32StringSeed" not in iam.list_virtual_mfa_devices()["VirtualMFADevices"][0]
    stored = b"".join(path.read_bytes() for path in bastide.data_dir.rglob("*") if path.is_file())
    assert device["Base32StringSeed"] not in stored
    assert base64.b32decode(device["Base32StringSeed"]) not in stored


def test_a_device_takes_two_codes_and_follows_a_clock(bastide, iam, ada):
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    phone = Authenticator(bastide, device)
    enable = {"UserName": "ada", "SerialNumber": phone.serial}
    for codes in [(phone.code(), phone.code(-1)), (phone.code(), phone.code())]:
        with refused("InvalidAuthenticationCode"):
            iam.enable_mfa_device(AuthenticationCode1=codes[0], AuthenticationCode2=codes[1], **enable)
    phone.enable(iam, "ada")
    assert names(iam.list_mfa_devices(UserName="ada")["MFADevices"], "SerialNumber") == [phone.serial]
    with refused("EntityAlreadyExists"):
        phone.enable(iam, "ada")
    iam.resync_mfa_device(AuthenticationCode1=phone.code(40), AuthenticationCode2=phone.code(41), **enable)
    with refused("DeleteConflict", "Must deactivate first."):
        iam.delete_virtual_mfa_device(SerialNumber=phone.serial)
    iam.deactivate_mfa_device(**enable)
    iam.delete_virtual_mfa_device(SerialNumber=phone.serial)
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def test_a_session_with_a_second_factor_may_more(bastide, iam, ada, phone):
    statement = {
        "Effect": "Allow",
        "Action": "iam:ListUsers",
        "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="ada", PolicyName="mfa", PolicyDocument=document)
    key = key_of(iam, "ada")
    with refused("AccessDenied"):
        client_of(bastide, "iam", key).list_users()
    sts = client_of(bastide, "sts", key)
    code = phone.code()
    given = sts.get_session_token(SerialNumber=phone.serial, TokenCode=code)["Credentials"]
    session = client_of(bastide, "iam", given, given["SessionToken"])
    assert names(session.list_users()["Users"], "UserName") == ["ada"]
    with refused("AccessDenied", "MultiFactorAuthentication failed"):
        sts.get_session_token(SerialNumber=phone.serial, TokenCode=code)


# The account


def test_the_credential_report_tells_who_has_what(bastide, iam, ada, phone):
    with refused("ReportNotPresent"):
        iam.get_credential_report()
    iam.update_account_password_policy(MaxPasswordAge=30)
    iam.create_login_profile(UserName="ada", Password=PASSWORD)
    key, spare = key_of(iam, "ada"), key_of(iam, "ada")
    client_of(bastide, "sts", key).get_caller_identity()
    iam.update_access_key(UserName="ada", AccessKeyId=spare["AccessKeyId"], Status="Inactive")
    iam.create_user(UserName="a,b")
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(report["Content"].decode()))}
    assert set(rows) == {"<root_account>", "ada", "a,b"}
    root, bare, row = rows["<root_account>"], rows["a,b"], rows["ada"]
    assert (root["arn"], root["mfa_active"]) == (f"arn:aws:iam::{ACCOUNT}:root", "FALSE")
    assert (bare["password_enabled"], bare["access_key_1_active"]) == ("FALSE", "FALSE")
    assert bare["password_last_changed"] == bare["access_key_1_last_rotated"] == "N/A"
    assert (row["arn"], row["password_enabled"], row["mfa_active"]) == (ada["Arn"], "TRUE", "TRUE")
    changed = datetime.datetime.fromisoformat(row["password_last_changed"])
    expires = datetime.datetime.fromisoformat(row["password_next_rotation"])
    assert expires - changed == datetime.timedelta(days=30)
    used = {row["access_key_1_active"], row["access_key_2_active"]}
    assert used == {"TRUE", "FALSE"}
    assert (row["access_key_1_last_used_service"], row["access_key_1_last_used_region"]) == ("sts", REGION)
    assert (row["access_key_2_last_used_date"], row["cert_1_active"]) == ("N/A", "FALSE")

    # It is the same one for four hours.
    iam.create_user(UserName="late")
    iam.generate_credential_report()
    again = iam.get_credential_report()
    assert (again["Content"], again["GeneratedTime"]) == (report["Content"], report["GeneratedTime"])
    bastide.advance(4 * 60 * 60)
    with refused("ReportExpired"):
        iam.get_credential_report()
    iam.generate_credential_report()
    assert b"late" in iam.get_credential_report()["Content"]


def test_the_summary_counts(iam, ada, phone):
    iam.create_group(GroupName="staff")
    summary = iam.get_account_summary()["SummaryMap"]
    expected = {"Users": 1, "UsersQuota": 5000, "Groups": 1, "Roles": 0, "MFADevices": 1, "MFADevicesInUse": 1}
    expected |= {"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 0, "AccessKeysPerUserQuota": 2}
    assert {name: summary[name] for name in expected} == expected


def test_an_alias_belongs_to_one_account(bastide, iam):
    iam.create_account_alias(AccountAlias="example")
    with refused("EntityAlreadyExists", "The account alias example already exists."):
        bastide.client("iam", account="210987654321").create_account_alias(AccountAlias="example")
    assert iam.list_account_aliases()["AccountAliases"] == ["example"]
    iam.delete_account_alias(AccountAlias="example")
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_a_user_goes_when_nothing_hangs_on_it(iam, ada, phone):
    key = key_of(iam, "ada")
    iam.create_login_profile(UserName="ada", Password=PASSWORD)
    for first, undo in [
        ("delete access keys", lambda: iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])),
        ("delete login profile", lambda: iam.delete_login_profile(UserName="ada")),
        ("delete MFA device", lambda: iam.deactivate_mfa_device(UserName="ada", SerialNumber=phone.serial)),
    ]:
        with refused("DeleteConflict", f"Cannot delete entity, must {first} first."):
            iam.delete_user(UserName="ada")
        undo()
    iam.delete_user(UserName="ada")
    with pytest.raises(ClientError):
        iam.get_user(UserName="ada")


# Certificates


@pytest.fixture
def certificate(tmp_path):
    """A certificate with its key, both in PEM, by openssl."""
    key, body = tmp_path / "key.pem", tmp_path / "body.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example.com", "-days", "9"]
    subprocess.run([*make, "-keyout", key, "-out", body], check=True, capture_output=True)
    return {"PrivateKey": key.read_text(), "CertificateBody": body.read_text()}


def test_server_certificates_keep_their_keys_to_themselves(bastide, iam, certificate):
    name = {"ServerCertificateName": "site"}
    made = iam.upload_server_certificate(Path="/web/", **name, **certificate)["ServerCertificateMetadata"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:server-certificate/web/site"
    with refused("EntityAlreadyExists"):
        iam.upload_server_certificate(**name, **certificate)
    with refused("MalformedCertificate"):
        iam.upload_server_certificate(ServerCertificateName="bad", CertificateBody="x", PrivateKey="y")
    found = iam.get_server_certificate(**name)["ServerCertificate"]
    assert found["CertificateBody"].strip() == certificate["CertificateBody"].strip()
    assert "PrivateKey" not in found
    iam.update_server_certificate(NewServerCertificateName="page", **name)
    iam.tag_server_certificate(ServerCertificateName="page", Tags=[{"Key": "a", "Value": "b"}])
    listed = iam.list_server_certificates()["ServerCertificateMetadataList"]
    assert names(listed, "ServerCertificateName") == ["page"]
    iam.delete_server_certificate(ServerCertificateName="page")
    with refused("NoSuchEntity", "The Server Certificate with name page cannot be found."):
        iam.get_server_certificate(ServerCertificateName="page")
    stored = b"".join(path.read_bytes() for path in bastide.data_dir.rglob("*") if path.is_file())
    assert certificate["PrivateKey"].splitlines()[3].encode() not in stored


def test_signing_certificates(iam, ada, certificate):
    body = certificate["CertificateBody"]
    made = iam.upload_signing_certificate(UserName="ada", CertificateBody=body)["Certificate"]
    with refused("DuplicateCertificate"):
        iam.upload_signing_certificate(UserName="ada", CertificateBody=body)
    with refused("DeleteConflict", "must delete signing certificates first"):
        iam.delete_user(UserName="ada")
    one = {"UserName": "ada", "CertificateId": made["CertificateId"]}
    iam.update_signing_certificate(Status="Inactive", **one)
    assert names(iam.list_signing_certificates(UserName="ada")["Certificates"], "Status") == ["Inactive"]
    iam.delete_signing_certificate(**one)
    iam.delete_user(UserName="ada")


# The command line


def test_the_cli_reads_and_writes(bastide, ada, tmp_path):
    key = bastide.aws("iam", "create-access-key", "--user-name", "ada")["AccessKey"]
    assert key["Status"] == "Active"
    seed = tmp_path / "seed"
    arguments = ["--virtual-mfa-device-name", "phone", "--outfile", str(seed), "--bootstrap-method", "Base32StringSeed"]
    device = bastide.aws("iam", "create-virtual-mfa-device", *arguments)["VirtualMFADevice"]
    assert len(base64.b32decode(seed.read_bytes())) == 40
    shown = {"SerialNumber": device["SerialNumber"], "Base32StringSeed": seed.read_bytes()}
    phone = Authenticator(bastide, shown)
    codes = ["--authentication-code1", phone.code(-1), "--authentication-code2", phone.code()]
    bastide.aws("iam", "enable-mfa-device", "--user-name", "ada", "--serial-number", phone.serial, *codes)
    assert bastide.aws("iam", "generate-credential-report")["State"] == "COMPLETE"
    report = base64.b64decode(bastide.aws("iam", "get-credential-report")["Content"]).decode()
    row = next(row for row in csv.DictReader(io.StringIO(report)) if row["user"] == "ada")
    assert (row["mfa_active"], row["access_key_1_active"]) == ("TRUE", "TRUE")
