/** Certificate files of people often hold the key as well: what is shown or stored in the open must not. */

const KEY_BLOCK =
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY-----|[\s\S]*$)\r?\n?/g;

/** The text without its private keys, also without one whose end is missing; all else is kept byte for byte. */
export function withoutKeys(pem: string): string {
  return pem.replaceAll(KEY_BLOCK, "");
}
