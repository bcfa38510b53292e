/** Bearer tokens and whose they are. */

import type { User } from "./authorization.ts";

export class Tokens {
  readonly #users = new Map<string, User>();

  add(token: string, user: User): void {
    this.#users.set(token, user);
  }

  /** From now on the token is unknown: requests with it answer 401. */
  revoke(token: string): void {
    this.#users.delete(token);
  }

  find(token: string): User | undefined {
    return this.#users.get(token);
  }
}
