// The AWS SDK for JavaScript creates a key, encrypts, decrypts, and reads Bastide's errors as AWS's.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CreateKeyCommand, DecryptCommand, DescribeKeyCommand, EncryptCommand, KMSClient, NotFoundException } from "@aws-sdk/client-kms";
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

test("what is encrypted decrypts", async () => {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  assert.equal(KeyMetadata.KeyState, "Enabled");
  const Plaintext = Buffer.from("sixty-four bytes of nothing in particular");
  const EncryptionContext = { purpose: "test" };
  const sealed = await kms.send(new EncryptCommand({ KeyId: KeyMetadata.KeyId, Plaintext, EncryptionContext }));
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext }));
  assert.deepEqual(Buffer.from(opened.Plaintext), Plaintext);
  assert.equal(opened.KeyId, KeyMetadata.Arn);
});

test("an error is the SDK's own class", async () => {
  const KeyId = "00000000-0000-0000-0000-000000000000";
  await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId })), (error) => {
    assert.ok(error instanceof NotFoundException, String(error));
    assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
    return true;
  });
});
