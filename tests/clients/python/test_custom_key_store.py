"""External key stores: boto3 on one side, a proxy that is not ours on the other.

The proxy encrypts with the `cryptography` package and checks signatures with botocore.
"""

import base64
import datetime
import hashlib
import json
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from expect import refused
from harness import REGION

HOST = "xks.example.com"
PATH = "/tests/kms/xks/v1"
ACCESS_KEY_ID = "ABCDEFGHIJKLMNOPQRSTUVWX"
SECRET = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"
CONTEXT = {"purpose": "secret-purpose"}
NOTES = b"version=1"
TAG_BYTES = 16
CONNECT_SECONDS = 30


class Refusal(Exception):
    """An error of the proxy API."""

    def __init__(self, status: int, name: str):
        super().__init__(name)
        self.status, self.name = status, name


class Proxy(ThreadingHTTPServer):
    """An external key store proxy with one AES key, `key-1`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = AESGCM(AESGCM.generate_key(256))
        self.seen = []
        self.refusal = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def route(self) -> str:
        return f"{HOST}=http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: dict) -> dict:
        if self.refusal:
            raise self.refusal
        match path.removeprefix(PATH).split("/")[1:]:
            case ["health"]:
                managers = [{"id": "1", "model": "1", "healthStatus": "ACTIVE"}]
                return {
                    "xksProxyFleetSize": 1,
                    "xksProxyVendor": "tests",
                    "xksProxyModel": "1",
                    "ekmVendor": "tests",
                    "ekmFleetDetails": managers,
                }
            case ["keys", "key-1", "metadata"]:
                return {"keySpec": "AES_256", "keyUsage": ["ENCRYPT", "DECRYPT"], "keyStatus": "ENABLED"}
            case ["keys", "key-1", "encrypt"]:
                return self.encrypt(body)
            case ["keys", "key-1", "decrypt"]:
                return self.decrypt(body)
            case ["keys", _, _]:
                raise Refusal(404, "KeyNotFoundException")
        raise Refusal(404, "InvalidUriPathException")

    def encrypt(self, body: dict) -> dict:
        aad = decoded(body, "additionalAuthenticatedData")
        iv = hashlib.sha256(str(time.time_ns()).encode()).digest()[:12]
        sealed = self.key.encrypt(iv, decoded(body, "plaintext"), additional(aad, NOTES))
        ciphertext, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
        integrity = hashlib.sha256(aad + NOTES + iv + ciphertext + tag).digest()
        return {
            "ciphertext": encoded(ciphertext),
            "ciphertextMetadata": encoded(NOTES),
            "initializationVector": encoded(iv),
            "authenticationTag": encoded(tag),
            "ciphertextDataIntegrityValue": encoded(integrity),
        }

    def decrypt(self, body: dict) -> dict:
        aad = decoded(body, "additionalAuthenticatedData")
        sealed = decoded(body, "ciphertext") + decoded(body, "authenticationTag")
        iv, notes = decoded(body, "initializationVector"), decoded(body, "ciphertextMetadata")
        try:
            return {"plaintext": encoded(self.key.decrypt(iv, sealed, additional(aad, notes)))}
        except InvalidTag:
            raise Refusal(400, "InvalidCiphertextException") from None


class Handler(BaseHTTPRequestHandler):
    """Checks the signature, asks the proxy and answers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            self.authenticate(body)
            self.server.seen.append((self.path, json.loads(body)))
            status, answer = 200, self.server.answer(self.path, json.loads(body))
        except Refusal as refusal:
            status, answer = refusal.status, {"errorName": refusal.name}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def authenticate(self, body: bytes):
        """The signature over host and date, computed by botocore."""
        date = self.headers["x-amz-date"]
        given = re.fullmatch(
            rf"AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/{date[:8]}/{REGION}/kms-xks-proxy/aws4_request, "
            r"SignedHeaders=host;x-amz-date, Signature=([0-9a-f]{64})",
            self.headers["authorization"],
        )
        headers = {"host": self.headers["host"], "x-amz-date": date}
        request = AWSRequest("POST", f"https://{HOST}{self.path}", headers, body)
        request.context["timestamp"] = date
        signer = SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET), "kms-xks-proxy", REGION)
        expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        if given is None or given[1] != expected:
            raise Refusal(401, "AuthenticationFailedException")

    def log_message(self, *_):
        pass


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decoded(body: dict, field: str) -> bytes:
    return base64.b64decode(body.get(field, ""))


def additional(aad: bytes, notes: bytes) -> bytes:
    """What the specification advises the external key to authenticate."""
    return len(aad).to_bytes(2, "big") + aad + len(notes).to_bytes(1, "big") + notes


@pytest.fixture
def proxy():
    with Proxy() as proxy:
        yield proxy
        proxy.shutdown()


@pytest.fixture
def reaching(own_bastide, proxy):
    """A Bastide that reaches the proxy, and waits for it however busy this machine is."""
    return own_bastide("--outbound-route", proxy.route, "--xks-timeout", "10000", "--log", "trace")


@pytest.fixture
def kms(reaching):
    return reaching.client("kms")


def create_store(kms, **changes) -> str:
    settings = {
        "CustomKeyStoreName": "tests",
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConnectivity": "PUBLIC_ENDPOINT",
        "XksProxyUriEndpoint": f"https://{HOST}",
        "XksProxyUriPath": PATH,
        "XksProxyAuthenticationCredential": {"AccessKeyId": ACCESS_KEY_ID, "RawSecretAccessKey": SECRET},
    }
    return kms.create_custom_key_store(**settings | changes)["CustomKeyStoreId"]


def connection(kms, store: str) -> str:
    return kms.describe_custom_key_stores(CustomKeyStoreId=store)["CustomKeyStores"][0]["ConnectionState"]


def connect(kms, store: str) -> None:
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    end = time.monotonic() + CONNECT_SECONDS
    while connection(kms, store) == "CONNECTING" and time.monotonic() < end:
        time.sleep(0.05)
    assert connection(kms, store) == "CONNECTED"


def create_key(kms, store: str) -> str:
    made = kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store, XksKeyId="key-1")
    assert made["KeyMetadata"]["XksKeyConfiguration"] == {"Id": "key-1"}
    return made["KeyMetadata"]["KeyId"]


def test_keys_outside(kms, proxy):
    store = create_store(kms)
    assert connection(kms, store) == "DISCONNECTED"
    connect(kms, store)
    key = create_key(kms, store)

    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == made["Plaintext"]
    with refused("KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"])
    secret = b"attack at dawn" * 100
    blob = kms.encrypt(KeyId=key, Plaintext=secret, EncryptionContext=CONTEXT)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] == secret

    # What the proxy was given holds neither plaintexts nor contexts.
    given = b"".join(decoded(body, "plaintext") for _, body in proxy.seen)
    assert made["Plaintext"] not in given and b"attack at dawn" not in given
    assert CONTEXT["purpose"] not in json.dumps(proxy.seen)


def test_a_store_that_goes_away(kms, proxy):
    store = create_store(kms)
    connect(kms, store)
    key = create_key(kms, store)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]

    proxy.refusal = Refusal(403, "AccessDeniedException")
    with refused("KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=blob)
    proxy.refusal = None
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Unavailable"
    with refused("KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=blob)
    with refused("CustomKeyStoreHasCMKsException"):
        kms.delete_custom_key_store(CustomKeyStoreId=store)
    kms.update_custom_key_store(CustomKeyStoreId=store, NewCustomKeyStoreName="renamed")
    connect(kms, store)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_the_credential_is_written_nowhere_in_the_clear(reaching, kms):
    store = create_store(kms)
    connect(kms, store)
    reaching.restart()
    create_key(kms, store)
    reaching.stop()
    written = {path: path.read_bytes() for path in reaching.folder.rglob("*") if path.is_file()}
    assert any(store.encode() in data for data in written.values()), "the search looks in the right place"
    for path, data in written.items():
        assert SECRET.encode() not in data, path


def test_tls_with_an_authority_of_ones_own(own_bastide, proxy, tmp_path):
    pem = certificate(tmp_path / "proxy.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    proxy.socket = tls.wrap_socket(proxy.socket, server_side=True)
    route = proxy.route.replace("http://", "")
    options = ("--outbound-route", route, "--xks-timeout", "10000")

    with refused("XksProxyUriUnreachableException", "TLS"):
        create_store(own_bastide(*options).client("kms"))
    kms = own_bastide(*options, "--outbound-root", str(pem)).client("kms")
    store = create_store(kms)
    connect(kms, store)
    key = create_key(kms, store)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def certificate(path):
    """A key and a certificate for the proxy's name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *plain))
    return path


def test_what_is_refused(kms, proxy):
    wrong = {"AccessKeyId": ACCESS_KEY_ID, "RawSecretAccessKey": SECRET[::-1]}
    with refused("XksProxyIncorrectAuthenticationCredentialException"):
        create_store(kms, XksProxyAuthenticationCredential=wrong)
    with refused("XksProxyInvalidConfigurationException"):
        create_store(kms, XksProxyUriPath="/nowhere/kms/xks/v1")
    with refused("CloudHsmClusterNotFoundException"):
        kms.create_custom_key_store(
            CustomKeyStoreName="hsm",
            CloudHsmClusterId="cluster-2a34b5cdefg",
            KeyStorePassword="password",
            TrustAnchorCertificate="certificate",
        )
    store = create_store(kms)
    with refused("CustomKeyStoreNameInUseException"):
        create_store(kms)
    with refused("CustomKeyStoreInvalidStateException"):
        create_key(kms, store)
    with refused("UnsupportedOperationException"):
        kms.generate_random(NumberOfBytes=32, CustomKeyStoreId=store)
    connect(kms, store)
    with refused("XksKeyNotFoundException"):
        kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store, XksKeyId="no-such-key")
    create_key(kms, store)
    with refused("XksKeyAlreadyInUseException"):
        create_key(kms, store)
