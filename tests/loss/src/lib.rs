//! Nothing acknowledged is lost: the tests in `tests/` kill the running program and look for what it had promised.
