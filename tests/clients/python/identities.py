"""Identities for the suites that need some: users with keys, roles, sessions, an issuer of web identities."""

import base64
import datetime
import hashlib
import hmac
import json
import ssl
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from harness import REGION

EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"


def document(*statements: dict) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more) -> dict:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal, action="sts:AssumeRole", **more) -> str:
    """A trust policy."""
    return document({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def keys_of(answer: dict) -> SimpleNamespace:
    """The credentials in an answer of STS or of CreateAccessKey."""
    of = answer.get("Credentials") or answer["AccessKey"]
    return SimpleNamespace(id=of["AccessKeyId"], secret=of["SecretAccessKey"], token=of.get("SessionToken"))


def as_(bastide, service: str, keys, region: str = REGION):
    """A client with these credentials."""
    session = boto3.Session(keys.id, keys.secret, keys.token, region_name=region)
    config = Config(retries={"total_max_attempts": 1})
    verify = getattr(bastide, "authority", None)
    return session.client(service, endpoint_url=bastide.url, config=config, verify=verify)


def user(iam, name: str, *statements: dict):
    """A user with an inline policy and an access key."""
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    return keys_of(iam.create_access_key(UserName=name))


def role(iam, name: str, trusted: str, *statements: dict, **more) -> str:
    """A role with an inline policy; its ARN."""
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **more)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return arn


def totp(seed: bytes, at: float) -> str:
    """The code of RFC 6238 that a device with this seed (in base32) shows."""
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer(ThreadingHTTPServer):
    """An OpenID Connect issuer over TLS, with one RSA key and an authority of its own in `folder`."""

    daemon_threads = True
    host = "issuer.example.com"

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.authority = folder / "issuer-ca.pem"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(self.host, folder))
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def options(self) -> list[str]:
        """How Bastide finds and trusts it."""
        return ["--outbound-route", f"{self.host}=127.0.0.1:{self.server_port}", "--outbound-root", str(self.authority)]

    @property
    def documents(self) -> dict[str, dict]:
        numbers = self.key.public_key().public_numbers()
        public = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": "1",
            "n": base64url(numbers.n.to_bytes(256)),
            "e": base64url(numbers.e.to_bytes(3)),
        }
        return {
            "/.well-known/openid-configuration": {"issuer": f"https://{self.host}", "jwks_uri": f"https://{self.host}/keys"},
            "/keys": {"keys": [public]},
        }

    def token(self, header=None, **claims) -> str:
        """A signed token; claims replace those that it would have."""
        now = int(time.time())
        header = {"alg": "RS256", "kid": "1"} | (header or {})
        claims = {"iss": f"https://{self.host}", "aud": "sts.amazonaws.com", "sub": "repo:acme/app", "iat": now, "exp": now + 300} | claims
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(signature)}"


class Handler(BaseHTTPRequestHandler):
    """Hands out the issuer's documents."""

    def do_GET(self):
        found = self.server.documents.get(self.path)
        body = json.dumps(found).encode()
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def certificate(host: str, folder):
    """A chain and key in one file for `host`, by a new authority that is written to `issuer-ca.pem`."""
    now = datetime.datetime.now(datetime.UTC)

    def sign(name, key, issuer, issuer_key, ca):
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder(issuer or subject, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
        builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        return builder.sign(issuer_key, hashes.SHA256())

    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = sign("issuer-ca", authority_key, None, authority_key, True)
    leaf = sign(host, key, authority.subject, authority_key, False)
    pem = serialization.Encoding.PEM
    (folder / "issuer-ca.pem").write_bytes(authority.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "issuer.pem").write_bytes(leaf.public_bytes(pem) + private)
    return folder / "issuer.pem"
