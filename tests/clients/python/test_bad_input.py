"""What no client should send: the right AWS error each time, and the program goes on."""

import datetime
import http.client
import json
import os
import socket
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from production import Production

JSON = "application/x-amz-json-1.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Production mode: signatures count."""
    server = Production(tmp_path_factory.mktemp("bad-input"), "--no-tls")
    yield server
    server.stop()


def signed(server, body=b"{}", operation="ListKeys", region="us-east-1", service="kms", at=None, secret=None, key=None, headers=None):
    request = AWSRequest("POST", server.url, headers={"Content-Type": JSON, "X-Amz-Target": f"TrentService.{operation}", **(headers or {})}, data=body)
    credentials = Credentials(key or server.key, secret or server.secret)
    auth = SigV4Auth(credentials, service, region)
    if at is None:
        auth.add_auth(request)
    else:
        from unittest.mock import patch

        with patch("botocore.auth.get_current_datetime", return_value=at):
            auth.add_auth(request)
    return dict(request.headers.items())


def send(server, headers, body=b"{}", path="/", method="POST"):
    host = urlsplit(server.url)
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=30)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.headers["x-amzn-requestid"], answer.headers
    return answer.status, json.loads(text) if text else {}


def code(answer):
    status, body = answer
    return status, body.get("__type", "").split("#")[-1]


def test_good_requests_pass(server):
    status, body = send(server, signed(server))
    assert status == 200 and body["Keys"] == []


def test_unsigned(server):
    headers = {"Content-Type": JSON, "X-Amz-Target": "TrentService.ListKeys"}
    assert code(send(server, headers)) == (400, "MissingAuthenticationTokenException")


def test_mis_signed(server):
    assert code(send(server, signed(server, secret="wrong"))) == (400, "InvalidSignatureException")
    headers = signed(server, body=b'{"Limit":1}')
    assert code(send(server, headers, body=b'{"Limit":2}')) == (400, "InvalidSignatureException")
    headers = signed(server)
    headers["X-Amz-Target"] = "TrentService.CreateKey"
    assert code(send(server, headers)) == (400, "InvalidSignatureException")


def test_unknown_access_key(server):
    assert code(send(server, signed(server, key="AKIAIOSFODNN7EXAMPLE"))) == (400, "UnrecognizedClientException")


@pytest.mark.parametrize("minutes", [-6, 6])
def test_expired_and_early(server, minutes):
    at = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(minutes=minutes)
    answer = send(server, signed(server, at=at))
    assert code(answer) == (400, "InvalidSignatureException")
    assert ("Signature expired" if minutes < 0 else "Signature not yet current") in answer[1]["message"]


def test_replayed_after_its_time(server):
    at = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(minutes=4, seconds=50)
    headers = signed(server, at=at)
    assert send(server, headers)[0] == 200, "inside the window a replay is as good as on AWS"
    old = signed(server, at=at - datetime.timedelta(minutes=1))
    assert code(send(server, old)) == (400, "InvalidSignatureException")


def test_wrong_service_and_region(server):
    assert code(send(server, signed(server, service="s3"))) == (400, "InvalidSignatureException")
    headers = signed(server, region="eu-west-1", headers={"Host": "kms.us-east-1.amazonaws.com"})
    answer = send(server, headers)
    assert code(answer) == (400, "InvalidSignatureException") and "valid region" in answer[1]["message"]


@pytest.mark.parametrize("header", ["", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a", "Bearer x", "AWS4-HMAC-SHA256 " + "Credential=x/y/z/kms/aws4_request, " * 100])
def test_malformed_authorization(server, header):
    headers = signed(server) | {"Authorization": header}
    status, kind = code(send(server, headers))
    assert status == 400 and kind in ("IncompleteSignatureException", "MissingAuthenticationTokenException")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b'{"Limit":"x"}', b'{"Limit":1}{}', b'{"Limit":1e400}', b"\xff\xfe", b'{"Marker":' + b"[" * 5000 + b"]" * 5000 + b"}"],
)
def test_unreadable_bodies(server, body):
    status, kind = code(send(server, signed(server, body=body), body=body))
    if body == b"":
        assert status in (200, 400)
    else:
        assert (status, kind) == (400, "SerializationException")


def test_wrongly_typed_and_unconstrained(server):
    body = json.dumps({"KeyId": 5, "Plaintext": "eA=="}).encode()
    assert code(send(server, signed(server, body, "Encrypt"), body)) == (400, "SerializationException")
    body = json.dumps({"KeyId": "x", "Plaintext": "not base64!"}).encode()
    assert code(send(server, signed(server, body, "Encrypt"), body)) == (400, "SerializationException")
    body = json.dumps({"KeyId": "", "Plaintext": ""}).encode()
    answer = send(server, signed(server, body, "Encrypt"), body)
    assert code(answer) == (400, "ValidationException") and answer[1]["message"].startswith("2 validation errors detected")


def test_oversized(server):
    body = b'{"Marker":"' + b"x" * (1024 * 1024) + b'"}'
    status, _ = send(server, signed(server, body=body), body=body)
    assert status == 413


def test_unknown_operations_and_services(server):
    assert code(send(server, signed(server, operation="Nothing")))[1] == "UnknownOperationException"
    headers = signed(server) | {"X-Amz-Target": "NoService.ListKeys"}
    assert code(send(server, headers))[1] == "UnknownOperationException"


def test_truncated_and_garbled_connections(server):
    host = urlsplit(server.url)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    for junk in (b"", b"\0" * 100, b"GET", head, b"POST / HTTP/1.1\r\n" + b"A: " + b"x" * 200_000 + b"\r\n\r\n", os.urandom(4096)):
        with socket.create_connection((host.hostname, host.port), timeout=30) as raw:
            try:
                raw.sendall(junk)
            except OSError:
                pass
    assert send(server, signed(server))[0] == 200


def test_memory_stays_bounded(server):
    body = b'{"Marker":"' + b"x" * 500_000 + b'"}'
    headers = signed(server, body=body)
    before = server.resident_mib()
    for _ in range(200):
        send(server, headers, body=body)
    assert server.resident_mib() < before + 64


def test_nothing_panicked(server):
    assert "panicked" not in server.logs and server.process.poll() is None
