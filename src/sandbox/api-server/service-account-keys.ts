/** A cluster's service-account key: it signs the tokens of accounts, and what another key has signed is refused. */
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";
import { inOnePiece } from "./shared-text.ts";

/** What a token of a Secret says of itself: whose it is, and which Secret holds it. */
export interface AccountClaims {
  readonly namespace: string;
  readonly account: string;
  readonly accountUid: string;
  readonly secret: string;
}

const PREFIX = "kubernetes.io/serviceaccount";

const payloadSchema = z.object({
  [`${PREFIX}/namespace`]: z.string(),
  [`${PREFIX}/service-account.name`]: z.string(),
  [`${PREFIX}/service-account.uid`]: z.string(),
  [`${PREFIX}/secret.name`]: z.string(),
});

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export class ServiceAccountKeys {
  /** Made when it is first needed: most of hundreds of clusters never look at theirs. */
  #pair: KeyPair | undefined;
  readonly #verified = new Map<string, AccountClaims | undefined>();

  /** A token as kube-controller-manager puts it into a Secret: without an end, `iss` kubernetes/serviceaccount. */
  issue({ namespace, account, accountUid, secret }: AccountClaims): string {
    const { publicKey, privateKey } = this.#keys();
    const kid = createHash("sha256")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("base64url");
    const payload = {
      iss: "kubernetes/serviceaccount",
      [`${PREFIX}/namespace`]: namespace,
      [`${PREFIX}/secret.name`]: secret,
      [`${PREFIX}/service-account.name`]: account,
      [`${PREFIX}/service-account.uid`]: accountUid,
      sub: `system:serviceaccount:${namespace}:${account}`,
    };
    const content = `${encoded({ alg: "ES256", kid })}.${encoded(payload)}`;
    const signature = sign("sha256", Buffer.from(content), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${content}.${signature.toString("base64url")}`;
  }

  /** What the token says, if the key of now has signed it. */
  read(token: string): AccountClaims | undefined {
    if (!this.#verified.has(token)) this.#verified.set(inOnePiece(token), verified(token, this.#keys().publicKey));
    return this.#verified.get(token);
  }

  /** From now on there is another key: every token of before is refused. */
  renew(): void {
    this.#pair = undefined;
    this.#verified.clear();
  }

  #keys(): KeyPair {
    this.#pair ??= generateKeyPairSync("ec", { namedCurve: "P-256" });
    return this.#pair;
  }
}

function verified(token: string, key: KeyObject): AccountClaims | undefined {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const content = Buffer.from(`${head}.${payload}`);
  const isSigned = verify("sha256", content, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
  if (!isSigned) return undefined;
  const claims = payloadSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString()));
  return {
    namespace: claims[`${PREFIX}/namespace`],
    account: claims[`${PREFIX}/service-account.name`],
    accountUid: claims[`${PREFIX}/service-account.uid`],
    secret: claims[`${PREFIX}/secret.name`],
  };
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
