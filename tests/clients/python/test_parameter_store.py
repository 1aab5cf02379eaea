"""Parameter Store through boto3 and the AWS CLI: paths, versions, SecureStrings and who may read them."""

import json

import pytest
from expect import refused

DAY = 86400


@pytest.fixture
def ssm(bastide):
    return bastide.client("ssm")


def test_parameters_by_path_and_selector(ssm):
    for name, value in (("/app/host", "db"), ("/app/port", "5432"), ("/app/tls/mode", "full")):
        ssm.put_parameter(Name=name, Value=value, Type="String")
    found = ssm.get_parameters_by_path(Path="/app")["Parameters"]
    assert {p["Name"]: p["Value"] for p in found} == {"/app/host": "db", "/app/port": "5432"}
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path="/app", Recursive=True, PaginationConfig={"PageSize": 1}
    )
    assert [p["Name"] for page in pages for p in page["Parameters"]] == ["/app/host", "/app/port", "/app/tls/mode"]
    assert ssm.put_parameter(Name="/app/host", Value="db2", Overwrite=True)["Version"] == 2
    ssm.label_parameter_version(Name="/app/host", ParameterVersion=1, Labels=["old"])
    for selector, value in ((":1", "db"), (":old", "db"), (":2", "db2")):
        got = ssm.get_parameter(Name="/app/host" + selector)["Parameter"]
        assert (got["Value"], got["Selector"]) == (value, selector)
    answer = ssm.get_parameters(Names=["/app/port", "/app/none"])
    assert answer["InvalidParameters"] == ["/app/none"] and len(answer["Parameters"]) == 1
    history = ssm.get_parameter_history(Name="/app/host")["Parameters"]
    assert [(v["Version"], v["Value"], v["Labels"]) for v in history] == [(1, "db", ["old"]), (2, "db2", [])]


def test_secure_strings_need_the_key(bastide, ssm):
    kms = bastide.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    ssm.put_parameter(Name="/own", Value="s3cret", Type="SecureString", KeyId=key)
    ssm.put_parameter(Name="/managed", Value="s3cret", Type="SecureString")
    ssm.put_parameter(Name="/long", Value="s" * 5000, Type="SecureString", KeyId=key, Tier="Advanced")
    assert ssm.get_parameter(Name="/own")["Parameter"]["Value"] != "s3cret"
    for name, value in (("/own", "s3cret"), ("/managed", "s3cret"), ("/long", "s" * 5000)):
        assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == value
    kms.disable_key(KeyId=key)
    with refused("InvalidKeyId"):
        ssm.get_parameter(Name="/own", WithDecryption=True)
    aliases = [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
    assert "alias/aws/ssm" in aliases
    # The AWS managed key serves through Systems Manager only.
    with refused("AccessDeniedException"):
        kms.encrypt(KeyId="alias/aws/ssm", Plaintext=b"x")


def test_expiry_and_tiers(bastide, ssm):
    moment = "2999-01-01T00:00:00.000Z"
    policies = [{"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": moment}}]
    with refused("ValidationException"):
        ssm.put_parameter(Name="/p", Value="x", Type="String", Policies=json.dumps(policies))
    ssm.put_parameter(Name="/p", Value="x", Type="String", Tier="Intelligent-Tiering", Policies=json.dumps(policies))
    described = ssm.describe_parameters(ParameterFilters=[{"Key": "Tier", "Values": ["Advanced"]}])["Parameters"]
    assert [p["Policies"][0]["PolicyStatus"] for p in described] == ["Pending"]
    bastide.advance(980 * 365 * DAY)
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name="/p")


def test_settings_and_tags(ssm):
    setting = "/ssm/parameter-store/default-parameter-tier"
    ssm.update_service_setting(SettingId=setting, SettingValue="Advanced")
    assert ssm.put_parameter(Name="/t", Value="x", Type="String", Tags=[{"Key": "a", "Value": "b"}])["Tier"] == "Advanced"
    assert ssm.reset_service_setting(SettingId=setting)["ServiceSetting"]["SettingValue"] == "Standard"
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/t", Tags=[{"Key": "c", "Value": "d"}])
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId="/t", TagKeys=["a"])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/t")["TagList"] == [{"Key": "c", "Value": "d"}]


def test_cli(bastide):
    bastide.aws("ssm", "put-parameter", "--name", "/cli", "--value", "x", "--type", "String")
    got = bastide.aws("ssm", "get-parameter", "--name", "/cli")
    assert got["Parameter"]["ARN"] == "arn:aws:ssm:us-east-1:123456789012:parameter/cli"
    bastide.aws("ssm", "delete-parameter", "--name", "/cli")
    assert bastide.aws("ssm", "describe-parameters")["Parameters"] == []
