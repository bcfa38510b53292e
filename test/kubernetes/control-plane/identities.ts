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
    readonly administratorCertificate: string;
    readonly administratorKey: string;
    readonly serviceAccountKey: string;
    readonly serviceAccountPublicKey: string;
    readonly tokens: string;
  };
}

/** Which of a control plane's keys are to be others. */
export interface Renewal {
  readonly ca: boolean;
  readonly serviceAccountKey: boolean;
}

/** @param directory where the files are written, only for this user to read */
export async function createIdentities(name: string, directory: string): Promise<Identities> {
  const token = randomBytes(24).toString("hex");
  const row = `${token},${ADMINISTRATOR.name},${ADMINISTRATOR.name},"${ADMINISTRATOR.groups}"\n`;
  const tokens = writeInto(directory)("tokens.csv", row);
  const { files, ...authority } = await writeAuthority(name, directory);
  return { ...authority, token, files: { ...files, ...writeServiceAccountKey(directory), tokens } };
}

/** The same control plane with other keys in the same files: whoever is started again with them has them. */
export async function renewIdentities(
  before: Identities,
  { ca, serviceAccountKey }: Renewal,
  { name, directory }: { readonly name: string; readonly directory: string },
): Promise<Identities> {
  if (serviceAccountKey) writeServiceAccountKey(directory);
  if (!ca) return before;
  const { files, ...authority } = await writeAuthority(name, directory);
  return { ...before, ...authority, files: { ...before.files, ...files } };
}

function writeInto(directory: string) {
  return (file: string, text: string): string => {
    const path = join(directory, file);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
}

async function writeAuthority(name: string, directory: string) {
  const write = writeInto(directory);
  const authority = await createClusterAuthority({ name, now: new Date() });
  const administrator = await authority.issueClient(ADMINISTRATOR);
  const files = {
    ca: write("ca.crt", authority.caPem),
    servingCertificate: write("serving.crt", authority.certificatePem),
    servingKey: write("serving.key", authority.keyPem),
    administratorCertificate: write("administrator.crt", administrator.certificatePem),
    administratorKey: write("administrator.key", administrator.keyPem),
  };
  return { authority, administrator, files };
}

function writeServiceAccountKey(directory: string) {
  const write = writeInto(directory);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    serviceAccountKey: write("service-accounts.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    serviceAccountPublicKey: write(
      "service-accounts.pub",
      publicKey.export({ type: "spki", format: "pem" }).toString(),
    ),
  };
}
