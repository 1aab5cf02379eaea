"""Production mode: its own authority, root credentials once, nothing of dev mode."""

import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config
from expect import refused
from production import Production


@pytest.fixture
def server(tmp_path):
    server = Production(tmp_path)
    yield server
    server.process.kill()


def client(server, secret=None):
    session = boto3.Session(server.key, secret or server.secret, region_name="us-east-1")
    url = server.url.replace("127.0.0.1", "localhost")
    return session.client("kms", endpoint_url=url, verify=str(server.data_dir / "ca.pem"), config=Config(retries={"total_max_attempts": 1}))


def test_tls_and_root_credentials(server):
    kms = client(server)
    key = kms.create_key()["KeyMetadata"]
    assert key["Arn"].startswith("arn:aws:kms:us-east-1:123456789012:key/")
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    with refused("InvalidSignatureException", "does not match"):
        client(server, secret="w" * 40).list_keys()
    server.stop()
    server.start()
    assert not any("secret" in line for line in server.shown), "credentials are shown once"
    assert client(server).decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_the_audit_tells_of_tls(server):
    kms = client(server)
    kms.list_keys()
    session = boto3.Session(server.key, server.secret, region_name="us-east-1")
    trail = session.client("cloudtrail", endpoint_url=server.url, verify=str(server.data_dir / "ca.pem"))
    event = trail.lookup_events()["Events"][0]["CloudTrailEvent"]
    assert '"tlsVersion":"TLSv1.3"' in event and '"cipherSuite":"TLS_' in event


def test_dev_endpoints_are_absent(tmp_path):
    server = Production(tmp_path, "--no-tls")
    try:
        for path, body in (("reset", b"{}"), ("clock", b'{"advance":1}'), ("clock", None), ("events", None)):
            with pytest.raises(urllib.error.HTTPError) as no:
                urllib.request.urlopen(urllib.request.Request(f"{server.url}/_bastide/{path}", data=body))
            assert no.value.code == 404
        assert urllib.request.urlopen(f"{server.url}/_bastide/health").status == 200
        assert b"bastide_calls_total" in urllib.request.urlopen(f"{server.url}/_bastide/metrics").read()
    finally:
        server.process.kill()


def test_a_passphrase_guards_the_root_key(tmp_path):
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse battery staple")
    options = ("--no-tls", "--passphrase-file", str(secret))
    server = Production(tmp_path, *options)
    server.stop()
    server.start()
    server.stop()
    secret.write_text("wrong")
    with pytest.raises(RuntimeError, match="did not start"):
        server.start()
