"""Symmetric keys: encryption, contexts, data keys, re-encryption, MACs."""

import os

import pytest
from expect import refused

CONTEXT = {"department": "finance", "purpose": "test"}


@pytest.fixture
def key(kms):
    return kms.create_key(Description="symmetric")["KeyMetadata"]


def test_metadata_of_a_new_key(kms, key):
    assert key["KeyState"] == "Enabled" and key["Enabled"] is True
    assert (key["KeySpec"], key["KeyUsage"], key["Origin"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS")
    assert (key["CustomerMasterKeySpec"], key["KeyManager"]) == ("SYMMETRIC_DEFAULT", "CUSTOMER")
    assert key["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"] and key["MultiRegion"] is False
    assert key["Arn"] == f"arn:aws:kms:us-east-1:123456789012:key/{key['KeyId']}"
    assert [k["KeyArn"] for k in kms.list_keys()["Keys"]] == [key["Arn"]]


@pytest.mark.parametrize("size", [1, 64, 4096])
def test_round_trip(kms, key, size):
    plaintext = os.urandom(size)
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=plaintext, EncryptionContext=CONTEXT)
    assert sealed["KeyId"] == key["Arn"] and sealed["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    assert plaintext not in sealed["CiphertextBlob"] or size == 1
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == plaintext and opened["KeyId"] == key["Arn"]


def test_overhead_is_constant(kms, key):
    sizes = {len(kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * n)["CiphertextBlob"]) - n for n in (1, 100, 4096)}
    assert len(sizes) == 1


def test_plaintext_is_at_most_4096_bytes(kms, key):
    with refused("ValidationException", "less than or equal to 4096"):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 4097)


@pytest.mark.parametrize("context", [{}, {"department": "finance"}, {**CONTEXT, "more": "x"}, {"Department": "finance", "purpose": "test"}])
def test_another_context_does_not_decrypt(kms, key, context):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    with refused("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)


def test_a_named_key_must_be_the_one(kms, key):
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, KeyId=key["Arn"])["Plaintext"] == b"secret"
    with refused("IncorrectKeyException"):
        kms.decrypt(CiphertextBlob=blob, KeyId=other)


def test_changed_or_foreign_blobs_are_invalid(bastide, kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret")["CiphertextBlob"]
    for at in range(0, len(blob), 7):
        changed = bytearray(blob)
        changed[at] ^= 1
        # Bytes 2 to 24 say whose key it is and which: changed, they name one that is not there.
        with refused("AccessDeniedException" if 2 <= at < 25 else "InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=bytes(changed))
    for junk in (b"x", blob[:-1], blob + b"x", os.urandom(200)):
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=junk)
    with refused("AccessDeniedException", "does not exist in this region"):
        bastide.client("kms", region="eu-west-1").decrypt(CiphertextBlob=blob)


def test_data_keys(kms, key):
    for wanted, size in (({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 57}, 57)):
        made = kms.generate_data_key(KeyId=key["KeyId"], EncryptionContext=CONTEXT, **wanted)
        assert len(made["Plaintext"]) == size and made["KeyId"] == key["Arn"]
        opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
        assert opened["Plaintext"] == made["Plaintext"]
    hidden = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], KeySpec="AES_256")
    assert "Plaintext" not in hidden
    assert len(kms.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]) == 32
    with refused("ValidationException"):
        kms.generate_data_key(KeyId=key["KeyId"])
    with refused("ValidationException"):
        kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256", NumberOfBytes=32)


def test_re_encrypt(kms, key):
    other = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"moves", EncryptionContext=CONTEXT)["CiphertextBlob"]
    moved = kms.re_encrypt(
        CiphertextBlob=blob, SourceEncryptionContext=CONTEXT, DestinationKeyId=other["KeyId"], DestinationEncryptionContext={"new": "1"}
    )
    assert (moved["SourceKeyId"], moved["KeyId"]) == (key["Arn"], other["Arn"])
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"new": "1"})["Plaintext"] == b"moves"


def test_dry_run_changes_and_answers_nothing(kms, key):
    with refused("DryRunOperationException", "would have succeeded"):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)
    kms.disable_key(KeyId=key["KeyId"])
    with refused("DisabledException"):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_macs_agree_with_their_definition(kms, bits):
    key = kms.create_key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
    algorithm = f"HMAC_SHA_{bits}"
    assert key["MacAlgorithms"] == [algorithm]
    made = kms.generate_mac(KeyId=key["KeyId"], Message=b"message", MacAlgorithm=algorithm)
    assert len(made["Mac"]) == bits // 8
    assert kms.verify_mac(KeyId=key["KeyId"], Message=b"message", MacAlgorithm=algorithm, Mac=made["Mac"])["MacValid"]
    with refused("KMSInvalidMacException"):
        kms.verify_mac(KeyId=key["KeyId"], Message=b"massage", MacAlgorithm=algorithm, Mac=made["Mac"])
    with refused("InvalidKeyUsageException"):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")


def test_random(kms):
    assert len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024
    assert kms.generate_random(NumberOfBytes=32)["Plaintext"] != kms.generate_random(NumberOfBytes=32)["Plaintext"]
    with refused("ValidationException"):
        kms.generate_random(NumberOfBytes=1025)


def test_usage_is_metered(kms, key):
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    usage = kms.get_key_last_usage(KeyId=key["KeyId"])
    assert "Encrypt" in str(usage), usage
