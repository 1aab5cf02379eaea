"""The AWS CLI, as people type it."""

import base64
import subprocess

import pytest


def test_the_whole_life_of_a_key(bastide, tmp_path):
    key = bastide.aws("kms", "create-key", "--tags", "TagKey=team,TagValue=blue")["KeyMetadata"]["KeyId"]
    assert bastide.aws("kms", "create-alias", "--alias-name", "alias/cli", "--target-key-id", key) is None
    secret = tmp_path / "secret"
    secret.write_bytes(b"typed by hand")
    blob = bastide.aws("kms", "encrypt", "--key-id", "alias/cli", "--plaintext", f"fileb://{secret}")["CiphertextBlob"]
    sealed = tmp_path / "sealed"
    sealed.write_bytes(base64.b64decode(blob))
    opened = bastide.aws("kms", "decrypt", "--ciphertext-blob", f"fileb://{sealed}")["Plaintext"]
    assert opened == "dHlwZWQgYnkgaGFuZA=="
    bastide.aws("kms", "enable-key-rotation", "--key-id", key)
    assert bastide.aws("kms", "get-key-rotation-status", "--key-id", key)["KeyRotationEnabled"] is True
    bastide.aws("kms", "schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7")
    assert bastide.aws("kms", "describe-key", "--key-id", key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_errors_read_as_awss(bastide):
    with pytest.raises(subprocess.CalledProcessError) as no:
        bastide.aws("kms", "describe-key", "--key-id", "alias/none")
    assert "(NotFoundException) when calling the DescribeKey operation" in no.value.stderr
    assert no.value.returncode in (254, 255)


def test_who_am_i(bastide):
    assert bastide.aws("sts", "get-caller-identity", account="210987654321") == {
        "UserId": "210987654321",
        "Account": "210987654321",
        "Arn": "arn:aws:iam::210987654321:root",
    }


def test_events_are_found(bastide):
    bastide.aws("kms", "create-key")
    found = bastide.aws("cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=EventName,AttributeValue=CreateKey")
    assert [e["EventName"] for e in found["Events"]] == ["CreateKey"]
