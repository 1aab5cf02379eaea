"""The program starts, answers, forgets on reset, and keeps over a restart."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError


def test_health_answers_without_a_signature(bastide):
    with urllib.request.urlopen(f"{bastide.url}/_bastide/health") as answer:
        assert answer.status == 200
        assert isinstance(json.loads(answer.read()), dict)


def test_a_first_start_has_no_customer_keys(kms):
    assert kms.list_keys()["Keys"] == []


def test_the_aws_cli_and_boto3_see_the_same_key(bastide, kms):
    made = bastide.aws("kms", "create-key", "--description", "from the CLI")["KeyMetadata"]
    seen = kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]
    assert (seen["Arn"], seen["Description"]) == (made["Arn"], "from the CLI")


def test_a_reset_forgets(bastide, kms):
    kms.create_key()
    bastide.reset()
    assert kms.list_keys()["Keys"] == []


def test_a_restart_keeps(bastide, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
    bastide.restart()
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"kept"


def test_accounts_and_regions_are_apart(bastide, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for other in (bastide.client("kms", account="210987654321"), bastide.client("kms", region="eu-central-1")):
        assert other.list_keys()["Keys"] == []
        with pytest.raises(ClientError) as no:
            other.describe_key(KeyId=key)
        assert no.value.response["Error"]["Code"] == "NotFoundException"


def test_the_clock_moves(bastide, kms):
    before = kms.create_key()["KeyMetadata"]["CreationDate"]
    bastide.advance(86400)
    after = kms.create_key()["KeyMetadata"]["CreationDate"]
    assert 86400 <= (after - before).total_seconds() < 86400 + 60


def test_an_unknown_operation_is_no_success(bastide):
    request = urllib.request.Request(
        bastide.url, data=b"{}", headers={"x-amz-target": "TrentService.NoSuch", "content-type": "application/x-amz-json-1.1"}
    )
    with pytest.raises(urllib.error.HTTPError) as no:
        urllib.request.urlopen(request)
    assert 400 <= no.value.code < 500
