"""Asymmetric keys, each answer checked by a library that is not ours."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from expect import refused

MESSAGE = b"signed here, verified elsewhere"
HASHES = {"SHA_256": hashes.SHA256(), "SHA_384": hashes.SHA384(), "SHA_512": hashes.SHA512()}
EC = [
    ("ECC_NIST_P256", "ECDSA_SHA_256"),
    ("ECC_NIST_P384", "ECDSA_SHA_384"),
    ("ECC_NIST_P521", "ECDSA_SHA_512"),
    ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
]


def create(kms, spec, usage):
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    public = kms.get_public_key(KeyId=key["KeyId"])
    assert (public["KeySpec"], public["KeyUsage"], public["KeyId"]) == (spec, usage, key["Arn"])
    return key["KeyId"], public


@pytest.mark.parametrize("message_type", ["RAW", "DIGEST"])
@pytest.mark.parametrize(("spec", "algorithm"), EC)
def test_ecdsa_signatures_verify_elsewhere(kms, spec, algorithm, message_type):
    key, public = create(kms, spec, "SIGN_VERIFY")
    assert public["SigningAlgorithms"] == [algorithm]
    chosen = HASHES[algorithm.removeprefix("ECDSA_")]
    digest = hashlib.new(chosen.name, MESSAGE).digest()
    message = MESSAGE if message_type == "RAW" else digest
    signed = kms.sign(KeyId=key, Message=message, MessageType=message_type, SigningAlgorithm=algorithm)
    serialization.load_der_public_key(public["PublicKey"]).verify(signed["Signature"], digest, ec.ECDSA(utils.Prehashed(chosen)))
    assert kms.verify(KeyId=key, Message=MESSAGE, Signature=signed["Signature"], SigningAlgorithm=algorithm)["SignatureValid"]
    with refused("KMSInvalidSignatureException"):
        kms.verify(KeyId=key, Message=MESSAGE + b"!", Signature=signed["Signature"], SigningAlgorithm=algorithm)


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_rsa_signatures_verify_elsewhere(kms, spec):
    key, public = create(kms, spec, "SIGN_VERIFY")
    loaded = serialization.load_der_public_key(public["PublicKey"])
    assert loaded.key_size == int(spec.removeprefix("RSA_"))
    assert len(public["SigningAlgorithms"]) == 6
    for algorithm in public["SigningAlgorithms"]:
        chosen = HASHES[algorithm[-7:]]
        scheme = padding.PKCS1v15() if "PKCS1" in algorithm else padding.PSS(padding.MGF1(chosen), chosen.digest_size)
        signature = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm=algorithm)["Signature"]
        loaded.verify(signature, MESSAGE, scheme, chosen)
        with pytest.raises(InvalidSignature):
            loaded.verify(signature, MESSAGE + b"!", scheme, chosen)


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
def test_encrypted_offline_with_the_public_key_decrypts_here(kms, algorithm):
    key, public = create(kms, "RSA_2048", "ENCRYPT_DECRYPT")
    chosen = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    loaded = serialization.load_der_public_key(public["PublicKey"])
    blob = loaded.encrypt(b"offline", padding.OAEP(padding.MGF1(chosen), chosen, None))
    assert kms.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm=algorithm)["Plaintext"] == b"offline"
    here = kms.encrypt(KeyId=key, Plaintext=b"here", EncryptionAlgorithm=algorithm)["CiphertextBlob"]
    assert kms.decrypt(KeyId=key, CiphertextBlob=here, EncryptionAlgorithm=algorithm)["Plaintext"] == b"here"
    with refused("ValidationException"):
        kms.decrypt(CiphertextBlob=here, EncryptionAlgorithm=algorithm)


def test_ed25519(kms):
    key, public = create(kms, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    assert sorted(public["SigningAlgorithms"]) == ["ED25519_PH_SHA_512", "ED25519_SHA_512"]
    signed = kms.sign(KeyId=key, Message=MESSAGE, MessageType="RAW", SigningAlgorithm="ED25519_SHA_512")
    loaded = serialization.load_der_public_key(public["PublicKey"])
    assert isinstance(loaded, ed25519.Ed25519PublicKey)
    loaded.verify(signed["Signature"], MESSAGE)
    digest = hashlib.sha512(MESSAGE).digest()
    arguments = {"KeyId": key, "Message": digest, "MessageType": "DIGEST", "SigningAlgorithm": "ED25519_PH_SHA_512"}
    signature = kms.sign(**arguments)["Signature"]
    assert kms.verify(**arguments, Signature=signature)["SignatureValid"]


@pytest.mark.parametrize("level", [44, 65, 87])
def test_ml_dsa(kms, level):
    key, public = create(kms, f"ML_DSA_{level}", "SIGN_VERIFY")
    assert public["SigningAlgorithms"] == ["ML_DSA_SHAKE_256"]
    loaded = serialization.load_der_public_key(public["PublicKey"])
    raw = kms.sign(KeyId=key, Message=MESSAGE, MessageType="RAW", SigningAlgorithm="ML_DSA_SHAKE_256")["Signature"]
    loaded.verify(raw, MESSAGE)
    # FIPS 204: the representative is SHAKE256(SHAKE256(public key, 64) || 0 || 0 || message, 64).
    bare = loaded.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    mu = hashlib.shake_256(hashlib.shake_256(bare).digest(64) + b"\0\0" + MESSAGE).digest(64)
    outside = kms.sign(KeyId=key, Message=mu, MessageType="EXTERNAL_MU", SigningAlgorithm="ML_DSA_SHAKE_256")["Signature"]
    loaded.verify(outside, MESSAGE)
    assert kms.verify(KeyId=key, Message=MESSAGE, Signature=outside, SigningAlgorithm="ML_DSA_SHAKE_256")["SignatureValid"]


@pytest.mark.parametrize(("spec", "curve"), [("ECC_NIST_P256", ec.SECP256R1()), ("ECC_NIST_P384", ec.SECP384R1()), ("ECC_NIST_P521", ec.SECP521R1())])
def test_shared_secrets_agree(kms, spec, curve):
    key, public = create(kms, spec, "KEY_AGREEMENT")
    ours = ec.generate_private_key(curve)
    der = ours.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    theirs = kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=der)["SharedSecret"]
    assert theirs == ours.exchange(ec.ECDH(), serialization.load_der_public_key(public["PublicKey"]))


@pytest.mark.parametrize("pair", ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"])
def test_data_key_pairs_are_pairs(kms, pair):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=pair, EncryptionContext={"a": "b"})
    private = serialization.load_der_private_key(made["PrivateKeyPlaintext"], None)
    public = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public == made["PublicKey"] and made["KeyPairSpec"] == pair
    opened = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext={"a": "b"})
    assert opened["Plaintext"] == made["PrivateKeyPlaintext"]
    hidden = kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec=pair)
    assert "PrivateKeyPlaintext" not in hidden


def test_digest_of_the_wrong_length(kms):
    key, _ = create(kms, "ECC_NIST_P256", "SIGN_VERIFY")
    with refused("ValidationException", "Digest is invalid length"):
        kms.sign(KeyId=key, Message=b"short", MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")


def test_rsa_private_keys_load(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="RSA_3072")
    assert isinstance(serialization.load_der_private_key(made["PrivateKeyPlaintext"], None), rsa.RSAPrivateKey)


def test_sm2_belongs_elsewhere(kms):
    with refused("UnsupportedOperationException"):
        kms.create_key(KeySpec="SM2", KeyUsage="SIGN_VERIFY")
