"""The AWS Encryption SDK: envelope encryption under keys of Bastide, both of its generations."""

import aws_encryption_sdk
import pytest
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsKeyringInput, CreateAwsKmsMrkKeyringInput
from aws_encryption_sdk import CommitmentPolicy

CONTEXT = {"purpose": "test", "owner": "bastide"}
DATA = b"0123456789abcdef" * 10_000


@pytest.fixture
def sdk():
    return aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)


@pytest.fixture
def providers():
    return AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def test_keyring_round_trip(kms, sdk, providers):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    keyring = providers.create_aws_kms_keyring(input=CreateAwsKmsKeyringInput(kms_key_id=key, kms_client=kms))
    sealed, _ = sdk.encrypt(source=DATA, keyring=keyring, encryption_context=CONTEXT)
    assert DATA[:64] not in sealed
    opened, header = sdk.decrypt(source=sealed, keyring=keyring, encryption_context=CONTEXT)
    assert opened == DATA and CONTEXT.items() <= header.encryption_context.items()


def test_multi_region_keyrings_meet(bastide, kms, sdk, providers):
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    there = bastide.client("kms", region="eu-central-1")
    replica = kms.replicate_key(KeyId=key, ReplicaRegion="eu-central-1")["ReplicaKeyMetadata"]["Arn"]
    here_ring = providers.create_aws_kms_mrk_keyring(input=CreateAwsKmsMrkKeyringInput(kms_key_id=key, kms_client=kms))
    there_ring = providers.create_aws_kms_mrk_keyring(input=CreateAwsKmsMrkKeyringInput(kms_key_id=replica, kms_client=there))
    sealed, _ = sdk.encrypt(source=DATA, keyring=here_ring, encryption_context=CONTEXT)
    opened, _ = sdk.decrypt(source=sealed, keyring=there_ring, encryption_context=CONTEXT)
    assert opened == DATA


def test_rotation_leaves_messages_readable(kms, sdk, providers):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    keyring = providers.create_aws_kms_keyring(input=CreateAwsKmsKeyringInput(kms_key_id=key, kms_client=kms))
    sealed, _ = sdk.encrypt(source=DATA, keyring=keyring)
    kms.rotate_key_on_demand(KeyId=key)
    assert sdk.decrypt(source=sealed, keyring=keyring)[0] == DATA
    kms.disable_key(KeyId=key)
    with pytest.raises(Exception, match="able to decrypt"):
        sdk.decrypt(source=sealed, keyring=keyring)
