"""The life of keys on a moved clock: states, deletion, rotation, imports, multi-Region keys, grants, policies."""

import json
import os

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from expect import refused

DAY = 86400


def create(kms, **options):
    return kms.create_key(**options)["KeyMetadata"]["KeyId"]


def state(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]


def test_disabled_keys_do_nothing(kms):
    key = create(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    for call in (lambda: kms.encrypt(KeyId=key, Plaintext=b"x"), lambda: kms.decrypt(CiphertextBlob=blob)):
        with refused("DisabledException", "is disabled."):
            call()
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_deletion_waits_can_be_cancelled_and_is_final(bastide, kms):
    key = create(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refused("ValidationException"):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=6)
    planned = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert planned["KeyState"] == "PendingDeletion" and planned["PendingWindowInDays"] == 7
    with refused("KMSInvalidStateException", "is pending deletion."):
        kms.decrypt(CiphertextBlob=blob)
    kms.cancel_key_deletion(KeyId=key)
    assert state(kms, key) == "Disabled"
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    kms.create_alias(AliasName="alias/doomed", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    bastide.advance(6.9 * DAY)
    assert state(kms, key) == "PendingDeletion"
    bastide.advance(0.2 * DAY)
    with refused("NotFoundException"):
        kms.describe_key(KeyId=key)
    with refused("AccessDeniedException", "refers to a customer master key that does not exist"):
        kms.decrypt(CiphertextBlob=blob)
    assert kms.list_aliases()["Aliases"] == [] and kms.list_keys()["Keys"] == []


def test_rotation_keeps_id_and_old_ciphertexts(bastide, kms):
    key = create(kms)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert status["KeyRotationEnabled"] and status["RotationPeriodInDays"] == 90
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"0")["CiphertextBlob"]]
    for number in range(1, 5):
        bastide.advance(91 * DAY)
        blobs.append(kms.encrypt(KeyId=key, Plaintext=str(number).encode())["CiphertextBlob"])
    rotations = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert len(rotations) == 4 and {r["RotationType"] for r in rotations} == {"AUTOMATIC"}
    for number, blob in enumerate(blobs):
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == str(number).encode()
    kms.rotate_key_on_demand(KeyId=key)
    assert kms.list_key_rotations(KeyId=key)["Rotations"][-1]["RotationType"] == "ON_DEMAND"
    assert kms.decrypt(CiphertextBlob=blobs[0])["Plaintext"] == b"0"
    unchecked = bastide.client("kms", parameter_validation=False)
    for days in (89, 2561):
        with refused("ValidationException"):
            unchecked.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)


def test_asymmetric_keys_do_not_rotate(kms):
    key = create(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    with refused("UnsupportedOperationException"):
        kms.enable_key_rotation(KeyId=key)


def wrap(parameters, algorithm, material):
    public = serialization.load_der_public_key(parameters["PublicKey"])
    chosen = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(chosen), chosen, None)
    if algorithm.startswith("RSAES"):
        return public.encrypt(material, oaep)
    kek = os.urandom(32)
    return public.encrypt(kek, oaep) + aes_key_wrap_with_padding(kek, material)


def bring(kms, key, algorithm, material, wrapping="RSA_2048", **more):
    parameters = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping)
    more.setdefault("ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    return kms.import_key_material(
        KeyId=key, ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=wrap(parameters, algorithm, material), **more
    )


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"])
def test_imported_material(kms, algorithm):
    key = create(kms, Origin="EXTERNAL")
    assert state(kms, key) == "PendingImport"
    with refused("KMSInvalidStateException", "pending import"):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    material = os.urandom(32)
    bring(kms, key, algorithm, material)
    assert state(kms, key) == "Enabled"
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.delete_imported_key_material(KeyId=key)
    with refused("KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=blob)
    with refused("IncorrectKeyMaterialException"):
        bring(kms, key, algorithm, os.urandom(32))
    bring(kms, key, algorithm, material)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_imported_material_expires(bastide, kms):
    from datetime import timedelta

    key = create(kms, Origin="EXTERNAL")
    now = kms.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"]
    bring(kms, key, "RSAES_OAEP_SHA_256", os.urandom(32), ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=now + timedelta(days=10))
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
    bastide.advance(11 * DAY)
    assert state(kms, key) == "PendingImport"


def test_import_tokens_last_a_day(bastide, kms):
    key = create(kms, Origin="EXTERNAL")
    parameters = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_3072")
    bastide.advance(1.1 * DAY)
    with refused("ExpiredImportTokenException"):
        kms.import_key_material(
            KeyId=key,
            ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=wrap(parameters, "RSAES_OAEP_SHA_256", os.urandom(32)),
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        )


def test_multi_region_keys(bastide, kms):
    made = kms.create_key(MultiRegion=True)["KeyMetadata"]
    key = made["KeyId"]
    assert key.startswith("mrk-") and made["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    replica = kms.replicate_key(KeyId=key, ReplicaRegion="eu-central-1")["ReplicaKeyMetadata"]
    assert replica["KeyId"] == key and ":eu-central-1:" in replica["Arn"]
    there = bastide.client("kms", region="eu-central-1")
    blob = kms.encrypt(KeyId=key, Plaintext=b"travels")["CiphertextBlob"]
    opened = there.decrypt(CiphertextBlob=blob)
    assert opened["Plaintext"] == b"travels" and opened["KeyId"] == replica["Arn"]
    kms.rotate_key_on_demand(KeyId=key)
    rotated = kms.encrypt(KeyId=key, Plaintext=b"newer")["CiphertextBlob"]
    assert there.decrypt(CiphertextBlob=rotated)["Plaintext"] == b"newer"
    kms.update_primary_region(KeyId=key, PrimaryRegion="eu-central-1")
    kinds = [c.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] for c in (kms, there)]
    assert kinds == ["REPLICA", "PRIMARY"]
    assert there.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["KeyState"] == "PendingReplicaDeletion"


def test_aliases(kms):
    first, second = create(kms), create(kms)
    kms.create_alias(AliasName="alias/app", TargetKeyId=first)
    blob = kms.encrypt(KeyId="alias/app", Plaintext=b"x")["CiphertextBlob"]
    with refused("AlreadyExistsException"):
        kms.create_alias(AliasName="alias/app", TargetKeyId=second)
    kms.update_alias(AliasName="alias/app", TargetKeyId=second)
    assert kms.describe_key(KeyId="alias/app")["KeyMetadata"]["KeyId"] == second
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert [a["TargetKeyId"] for a in kms.list_aliases(KeyId=second)["Aliases"]] == [second]
    with refused("NotAuthorizedException"):
        kms.create_alias(AliasName="alias/aws/mine", TargetKeyId=first)
    kms.delete_alias(AliasName="alias/app")
    with refused("NotFoundException", "is not found"):
        kms.describe_key(KeyId="alias/app")


def test_aws_managed_keys_appear_on_first_use(kms):
    made = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert made["KeyManager"] == "AWS"
    policy = json.loads(kms.get_key_policy(KeyId=made["KeyId"], PolicyName="default")["Policy"])
    assert "kms:ViaService" in json.dumps(policy)
    with pytest.raises(kms.exceptions.ClientError):
        kms.schedule_key_deletion(KeyId=made["KeyId"], PendingWindowInDays=7)


def test_policies_are_validated(kms):
    key = create(kms)
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy="{not json")
    locked = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": "kms:*", "Resource": "*"}]}
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(locked))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(locked), BypassPolicyLockoutSafetyCheck=True)
    # The policy leaves the key to another account, and its own out of it.
    with refused("AccessDeniedException", "because no resource-based policy allows the kms:GetKeyPolicy action"):
        kms.get_key_policy(KeyId=key)


def test_grants(kms):
    key = create(kms)
    grantee = "arn:aws:iam::123456789012:role/app"
    constraints = {"EncryptionContextSubset": {"app": "1"}}
    grant = {"KeyId": key, "GranteePrincipal": grantee, "Operations": ["Encrypt", "Decrypt"], "Constraints": constraints, "Name": "one"}
    made = kms.create_grant(**grant)
    assert kms.create_grant(**grant)["GrantId"] == made["GrantId"]
    listed = kms.list_grants(KeyId=key)["Grants"]
    assert [(g["GrantId"], g["Constraints"]) for g in listed] == [(made["GrantId"], constraints)]
    kms.retire_grant(GrantToken=made["GrantToken"])
    assert kms.list_grants(KeyId=key)["Grants"] == []
    again = kms.create_grant(**grant)
    kms.revoke_grant(KeyId=key, GrantId=again["GrantId"])
    with refused("NotFoundException"):
        kms.revoke_grant(KeyId=key, GrantId=again["GrantId"])


def test_lists_page(kms):
    keys = {create(kms) for _ in range(7)}
    seen, pages = [], 0
    for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 3}):
        seen += [k["KeyId"] for k in page["Keys"]]
        pages += 1
    assert pages == 3 and len(seen) == 7 and set(seen) == keys


def test_tags(kms):
    key = create(kms, Tags=[{"TagKey": "a", "TagValue": "1"}])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "2"}, {"TagKey": "b", "TagValue": "3"}])
    tags = {t["TagKey"]: t["TagValue"] for t in kms.list_resource_tags(KeyId=key)["Tags"]}
    assert tags == {"a": "2", "b": "3"}
    kms.untag_resource(KeyId=key, TagKeys=["a"])
    assert [t["TagKey"] for t in kms.list_resource_tags(KeyId=key)["Tags"]] == ["b"]
