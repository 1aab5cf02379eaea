// KMS through the AWS SDK for JavaScript: signatures that Node's own crypto verifies, waits on a moved clock, the audit.

import assert from "node:assert/strict";
import { createPublicKey, publicEncrypt, constants, verify } from "node:crypto";
import { after, before, test } from "node:test";
import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  KMSInvalidStateException,
  ListKeysCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  paginateListKeys,
} from "@aws-sdk/client-kms";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { start } from "./bastide.mjs";

let bastide;
let kms;

before(async () => {
  bastide = await start();
  kms = new KMSClient(bastide.options());
});

after(async () => {
  kms?.destroy();
  await bastide?.stop();
});

async function createKey(input = {}) {
  return (await kms.send(new CreateKeyCommand(input))).KeyMetadata;
}

async function publicKey(KeyId) {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
}

test("signatures verify with Node's crypto", async () => {
  const { KeyId } = await createKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  const Message = Buffer.from("signed by Bastide");
  const { Signature } = await kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm: "ECDSA_SHA_256" }));
  assert.ok(verify("sha256", Message, await publicKey(KeyId), Buffer.from(Signature)));
});

test("what Node encrypts offline decrypts in KMS", async () => {
  const { KeyId } = await createKey({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
  const key = { key: await publicKey(KeyId), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
  const CiphertextBlob = publicEncrypt(key, Buffer.from("offline"));
  const opened = await kms.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" }));
  assert.equal(Buffer.from(opened.Plaintext).toString(), "offline");
});

test("data keys open, also after a rotation", async () => {
  const { KeyId } = await createKey();
  const made = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
  await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
  assert.deepEqual(opened.Plaintext, made.Plaintext);
});

test("lists page through the SDK's paginator", async () => {
  const before = (await kms.send(new ListKeysCommand({ Limit: 1000 }))).Keys.length;
  for (let made = 0; made < 5; made++) await createKey();
  let seen = 0;
  for await (const page of paginateListKeys({ client: kms, pageSize: 2 }, {})) seen += page.Keys.length;
  assert.equal(seen, before + 5);
});

test("a deleted key is gone when the clock says so", async () => {
  const { KeyId } = await createKey();
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  const Plaintext = Buffer.from("x");
  await assert.rejects(kms.send(new EncryptCommand({ KeyId, Plaintext })), KMSInvalidStateException);
  await bastide.advance(8 * 86400);
  await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId })), { name: "NotFoundException" });
});

test("other services answer on the same port", async () => {
  const sts = new STSClient(bastide.options());
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, "arn:aws:iam::123456789012:root");
  const trail = new CloudTrailClient(bastide.options());
  const LookupAttributes = [{ AttributeKey: "EventName", AttributeValue: "GetCallerIdentity" }];
  const { Events } = await trail.send(new LookupEventsCommand({ LookupAttributes }));
  assert.equal(Events.length, 1);
  assert.ok(Events[0].EventTime instanceof Date);
});
