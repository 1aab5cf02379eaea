// A Bastide of one's own for the JavaScript suites: starts the program of BASTIDE_BINARY, ends it.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const LISTENING = "listening on ";

/** Starts a program on an empty data folder; resolves when it listens. */
export async function start() {
  const program = process.env.BASTIDE_BINARY;
  if (!program) throw new Error("BASTIDE_BINARY is not set: run `cargo xtask test --only clients`");
  const folder = await mkdtemp(join(tmpdir(), "bastide-js-"));
  const child = spawn(program, ["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", join(folder, "data")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.on("line", (line) => line.startsWith(LISTENING) && resolve(line.slice(LISTENING.length).trim()));
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`bastide ended with ${code}: ${log}`)));
  });

  return {
    url,
    /** Options for any SDK client, as the root of an account. */
    options({ region = "us-east-1", account = "123456789012" } = {}) {
      return {
        endpoint: url,
        region,
        credentials: { accessKeyId: account, secretAccessKey: "test" },
        maxAttempts: 1,
      };
    },
    /** Moves the clock forward. */
    async advance(seconds) {
      const body = JSON.stringify({ advance: seconds });
      const answer = await fetch(`${url}/_bastide/clock`, { method: "POST", body });
      if (!answer.ok) throw new Error(`clock: ${answer.status} ${await answer.text()}`);
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
