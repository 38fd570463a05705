// The test is the resident: it opens what a script asks it to, and says where the browser ended.

import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

globalThis.crypto ??= webcrypto; // node 18, which Debian 12 has

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** What the test passed in: addresses, client ids, keys. */
export const given = JSON.parse(process.argv[2]);

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Have the resident sign in and agree; the address that the browser was sent back to. */
export async function visit(url) {
  say({ visit: String(url) });
  return new URL(JSON.parse((await answers.next()).value));
}

/** Hand the test what it is to look at, and end. */
export function tell(found) {
  say({ found });
  process.exit(0);
}

/** What was refused, by its error code (RFC 6749 §5.2) or else its status; fails when it was not. */
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    if (error.error === undefined && error.cause === undefined) throw error;
    return error.error ?? error.cause?.[0]?.parameters?.error ?? error.status;
  }
  throw new Error("this should have been refused");
}
