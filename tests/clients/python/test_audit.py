"""Every call is in the record, failed ones too, and nothing secret is."""

import base64
import json

from expect import refused


def events(bastide, **attribute):
    trail = bastide.client("cloudtrail")
    lookup = {"LookupAttributes": [{"AttributeKey": k, "AttributeValue": v} for k, v in attribute.items()]} if attribute else {}
    pages = trail.get_paginator("lookup_events").paginate(**lookup)
    return [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]


def test_a_record_in_awss_format(bastide, kms):
    made = kms.create_key(Description="recorded", Tags=[{"TagKey": "a", "TagValue": "b"}])
    (record,) = events(bastide, EventName="CreateKey")
    assert record["eventSource"] == "kms.amazonaws.com" and record["awsRegion"] == "us-east-1"
    assert record["userIdentity"] == {
        "type": "Root",
        "principalId": "123456789012",
        "arn": "arn:aws:iam::123456789012:root",
        "accountId": "123456789012",
        "accessKeyId": "123456789012",
    }
    assert record["sourceIPAddress"] == "127.0.0.1" and "Boto3" in record["userAgent"]
    assert record["requestParameters"]["description"] == "recorded"
    assert record["responseElements"]["keyMetadata"]["keyId"] == made["KeyMetadata"]["KeyId"]
    assert record["requestID"] == made["ResponseMetadata"]["RequestId"]
    assert (record["readOnly"], record["managementEvent"], record["eventType"]) == (False, True, "AwsApiCall")
    assert record["eventCategory"] == "Management" and record["recipientAccountId"] == "123456789012"
    assert record["resources"][0]["ARN"] == made["KeyMetadata"]["Arn"]


def test_failed_calls_are_recorded(bastide, kms):
    with refused("NotFoundException"):
        kms.describe_key(KeyId="00000000-0000-0000-0000-000000000000")
    with refused("ValidationException"):
        kms.generate_random(NumberOfBytes=5000)
    assert events(bastide, EventName="DescribeKey")[0]["errorCode"] == "NotFoundException"
    assert events(bastide, EventName="GenerateRandom")[0]["errorCode"] in ("ValidationException", "ValidationError")


def test_secrets_are_left_out(bastide, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = b"a plaintext nobody must see"
    blob = kms.encrypt(KeyId=key, Plaintext=secret, EncryptionContext={"shown": "yes"})["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob, EncryptionContext={"shown": "yes"})
    data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
    text = json.dumps(events(bastide))
    for hidden in (secret, data_key):
        assert base64.b64encode(hidden).decode() not in text
    (encrypted,) = events(bastide, EventName="Encrypt")
    assert encrypted["requestParameters"]["encryptionContext"] == {"shown": "yes"}
    assert encrypted["responseElements"] is None and encrypted["readOnly"] is True
    (decrypted,) = events(bastide, EventName="Decrypt")
    assert decrypted["resources"][0]["ARN"].endswith(key)


def test_use_of_a_key_pending_deletion_is_recorded(bastide, kms):
    key = kms.create_key()["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    with refused("KMSInvalidStateException"):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    (record,) = events(bastide, EventName="Encrypt")
    assert record["errorCode"] == "KMSInvalidStateException" and "pending deletion" in record["errorMessage"]
    assert record["resources"][0]["ARN"] == key["Arn"]
    bastide.advance(8 * 86400)
    (deleted,) = events(bastide, EventName="DeleteKey")
    assert deleted["eventType"] == "AwsServiceEvent"


def test_lookup_attributes(bastide, kms):
    first = kms.create_key()["KeyMetadata"]
    kms.describe_key(KeyId=first["KeyId"])
    kms.list_keys()
    assert {e["eventName"] for e in events(bastide, ResourceName=first["Arn"])} == {"CreateKey", "DescribeKey"}
    assert {e["eventName"] for e in events(bastide, ReadOnly="false")} == {"CreateKey"}
    assert {e["eventName"] for e in events(bastide, EventSource="kms.amazonaws.com")} == {"CreateKey", "DescribeKey", "ListKeys"}
    one = events(bastide, EventName="ListKeys")[0]
    assert events(bastide, EventId=one["eventID"]) == [one]
    assert events(bastide, Username="root") and not events(bastide, Username="nobody")
    assert bastide.client("cloudtrail", region="eu-west-1").lookup_events()["Events"] == []


def test_lookup_pages_while_new_events_come(bastide, kms):
    for _ in range(60):
        kms.list_keys()
    trail = bastide.client("cloudtrail")
    attributes = [{"AttributeKey": "EventName", "AttributeValue": "ListKeys"}]
    first = trail.lookup_events(LookupAttributes=attributes, MaxResults=40)
    kms.list_keys()
    second = trail.lookup_events(LookupAttributes=attributes, MaxResults=40, NextToken=first["NextToken"])
    ids = [e["EventId"] for e in first["Events"] + second["Events"]]
    assert len(ids) == len(set(ids)) == 60
    with refused("InvalidNextTokenException"):
        trail.lookup_events(NextToken=first["NextToken"])


def test_events_of_keys_are_sent(bastide, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    bastide.advance(91 * 86400)
    kinds = {e["detail-type"]: e for e in bastide.control("events")["events"]}
    assert any("Rotation" in kind for kind in kinds), kinds
    assert any(e["detail"].get("key-id") == key and e["source"] == "aws.kms" for e in kinds.values())
