/** Who runs this command, as the journal names people. */
import { hostname, userInfo } from "node:os";

/** `user@host`; the host alone where the system knows no user. */
export function person(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return hostname();
  }
}
