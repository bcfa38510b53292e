/** The keys and certificates of one control plane, as files that its programs read. */

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ClientCertificate,
  type ClusterAuthority,
  createClusterAuthority,
} from "../../../src/sandbox/api-server/serving-identity.ts";

/** Who may do everything, as kubeadm's `admin.conf`. */
const ADMINISTRATOR = { name: "kubernetes-admin", groups: ["system:masters"] };

export interface Identities {
  readonly authority: ClusterAuthority;
  readonly administrator: ClientCertificate;
  /** A bearer token of the same administrator. */
  readonly token: string;
  readonly files: {
    readonly ca: string;
    readonly servingCertificate: string;
    readonly servingKey: string;
    readonly serviceAccountKey: string;
    readonly serviceAccountPublicKey: string;
    readonly tokens: string;
  };
}

/** @param directory where the files are written, only for this user to read */
export async function createIdentities(name: string, directory: string): Promise<Identities> {
  const authority = await createClusterAuthority({ name, now: new Date() });
  const administrator = await authority.issueClient(ADMINISTRATOR);
  const token = randomBytes(24).toString("hex");
  const write = (file: string, text: string): string => {
    const path = join(directory, file);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const serviceAccounts = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    authority,
    administrator,
    token,
    files: {
      ca: write("ca.crt", authority.caPem),
      servingCertificate: write("serving.crt", authority.certificatePem),
      servingKey: write("serving.key", authority.keyPem),
      serviceAccountKey: write(
        "service-accounts.key",
        serviceAccounts.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      ),
      serviceAccountPublicKey: write(
        "service-accounts.pub",
        serviceAccounts.publicKey.export({ type: "spki", format: "pem" }).toString(),
      ),
      tokens: write("tokens.csv", `${token},${ADMINISTRATOR.name},${ADMINISTRATOR.name},"${ADMINISTRATOR.groups}"\n`),
    },
  };
}
