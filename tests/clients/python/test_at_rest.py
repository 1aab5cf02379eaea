"""Nothing secret stands in the data folder or the logs."""

import base64
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def forms(secret: bytes):
    """The ways in which bytes tend to leak."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for shift in range(3):
        # Base64 of a text in which the secret stands at any offset, without the edges that its neighbours change.
        whole = base64.b64encode(b"\0" * shift + secret)
        yield whole[4:-4] if shift else whole[:-4]


def test_a_search_of_everything_written_finds_nothing(own_bastide):
    bastide = own_bastide("--log", "trace")
    kms = bastide.client("kms")
    secrets = {}

    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secrets["plaintext"] = os.urandom(48)
    blob = kms.encrypt(KeyId=key, Plaintext=secrets["plaintext"])["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == secrets["plaintext"]
    secrets["data key"] = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
    secrets["random"] = kms.generate_random(NumberOfBytes=48)["Plaintext"]
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")["PrivateKeyPlaintext"]
    number = serialization.load_der_private_key(pair, None).private_numbers().private_value
    secrets["private key"] = number.to_bytes(32, "big")

    secrets["imported material"] = os.urandom(32)
    external = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    parameters = kms.get_parameters_for_import(KeyId=external, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = serialization.load_der_public_key(parameters["PublicKey"]).encrypt(secrets["imported material"], oaep)
    kms.import_key_material(
        KeyId=external, ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=wrapped, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE"
    )
    kms.encrypt(KeyId=external, Plaintext=secrets["plaintext"])
    # A refused call must not be more talkative.
    try:
        kms.encrypt(KeyId="alias/none", Plaintext=secrets["plaintext"])
    except kms.exceptions.NotFoundException:
        pass
    bastide.stop()

    written = {path: path.read_bytes() for path in bastide.folder.rglob("*") if path.is_file()}
    assert any(key.encode() in data for data in written.values()), "the search looks in the right place"
    for path, data in written.items():
        for name, secret in secrets.items():
            for form in forms(secret):
                assert form not in data, f"{name} stands in {path}"


def test_the_root_key_is_for_its_owner_only(own_bastide):
    bastide = own_bastide()
    assert (bastide.data_dir / "root.key").stat().st_mode & 0o077 == 0
    assert bastide.data_dir.stat().st_mode & 0o077 == 0
