"""What tests expect of a refusal."""

from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(code: str, message: str = ""):
    """The block must end in a ClientError with this code, and with `message` somewhere in its text."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert message in error["Message"], error
