"""Fixtures of the Python suites. What they hand out is in harness.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Bastide  # noqa: E402  (the path must be set first)


@pytest.fixture(scope="session")
def shared_bastide(tmp_path_factory):
    """One program for the whole run. Tests take `bastide`, which is this one after a reset."""
    bastide = Bastide(tmp_path_factory.mktemp("bastide"))
    yield bastide
    bastide.kill()


@pytest.fixture
def bastide(shared_bastide):
    """A Bastide in the state of a first start."""
    if not shared_bastide.running:
        shared_bastide.start()
    shared_bastide.reset()
    return shared_bastide


@pytest.fixture
def own_bastide(tmp_path):
    """Starts further programs: `own_bastide("--option")`. For tests of starting, data folders and other options."""
    started = []

    def start(*options, folder=None):
        home = folder or tmp_path / str(len(started))
        home.mkdir(parents=True, exist_ok=True)
        started.append(Bastide(home, *options))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def kms(bastide):
    """The KMS client of the default account in the default Region."""
    return bastide.client("kms")
