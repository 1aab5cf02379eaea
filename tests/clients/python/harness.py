"""A Bastide of one's own: starts the built program, makes clients for it, moves its clock, ends it.

The program is the one in BASTIDE_BINARY; `cargo xtask test --only clients` builds it and sets that.
No test may depend on the state that another left: the `bastide` fixture resets before each.
"""

import json
import os
import select
import subprocess
import threading
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

ACCOUNT = "123456789012"
REGION = "us-east-1"
START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 30
LISTENING = "listening on "


def program() -> Path:
    """The built program."""
    path = os.environ.get("BASTIDE_BINARY")
    if not path:
        raise RuntimeError("BASTIDE_BINARY is not set: run `cargo xtask test --only clients`")
    return Path(path)


class Bastide:
    """One served program with its own data folder."""

    def __init__(self, folder: Path, *options: str):
        self.folder = folder
        self.data_dir = folder / "data"
        self._log_path = folder / "log"
        self._options = options
        self._listen = "127.0.0.1:0"
        self._clients = {}
        self.start()

    # Life

    def start(self) -> None:
        """Starts the program; a later start listens where the first did, so clients stay good."""
        command = [program(), "serve", "--dev", "--listen", self._listen, "--data-dir", self.data_dir]
        with open(self._log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._options], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL
            )
        line = self._first_line()
        if not line.startswith(LISTENING):
            self.kill()
            raise RuntimeError(f"bastide did not start: {line!r}\n{self.logs}")
        self.url = line.removeprefix(LISTENING).strip()
        self._listen = self.url.removeprefix("http://")
        threading.Thread(target=self._drain, args=(self.process.stdout,), daemon=True).start()

    def stop(self) -> int:
        """Ends the program as an administrator would; returns its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_TIMEOUT_SECONDS)

    def kill(self) -> None:
        """Ends the program without letting it do anything more."""
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_SECONDS)

    def restart(self) -> None:
        """Stops and starts again on the same data and address."""
        self.stop()
        self.start()

    @property
    def running(self) -> bool:
        """Whether the program has not ended."""
        return self.process.poll() is None

    @property
    def logs(self) -> str:
        """Everything the program logged so far, over all its starts."""
        return self._log_path.read_text(errors="replace")

    # Clients

    def client(self, service: str, region: str = REGION, account: str = ACCOUNT, **config):
        """A boto3 client as the root of an account; `config` is botocore's. Kept for the next who asks."""
        key = (service, region, account, repr(sorted(config.items())))
        if key not in self._clients:
            config.setdefault("retries", {"total_max_attempts": 1})
            session = boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name=region)
            self._clients[key] = session.client(service, endpoint_url=self.url, config=Config(**config))
        return self._clients[key]

    def environment(self, region: str = REGION, account: str = ACCOUNT) -> dict[str, str]:
        """The environment in which any AWS tool talks to this Bastide and to nothing else."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def aws(self, *args: str, region: str = REGION, account: str = ACCOUNT):
        """Runs the AWS CLI and returns the JSON it printed; raises CalledProcessError with its stderr."""
        done = subprocess.run(
            ["aws", "--output", "json", *args],
            env=self.environment(region, account),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    # Control

    def control(self, path: str, body: dict | None = None) -> dict:
        """Calls `/_bastide/PATH`: GET, or POST when there is a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_bastide/{path}", data=data, headers={"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=STOP_TIMEOUT_SECONDS) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else {}

    def reset(self) -> None:
        """Back to the state of a first start."""
        self.control("reset", {})

    def advance(self, seconds: float) -> None:
        """Moves the clock forward; what falls due on the way has been done when this returns."""
        self.control("clock", {"advance": seconds})

    # Inner

    def _first_line(self) -> str:
        ready, _, _ = select.select([self.process.stdout], [], [], START_TIMEOUT_SECONDS)
        return self.process.stdout.readline().decode(errors="replace") if ready else ""

    def _drain(self, stream) -> None:
        with stream, open(self._log_path, "ab") as log:
            for line in stream:
                log.write(line)
