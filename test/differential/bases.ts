/** Sound chains to start from, made with the product's own issuing code. Keys are made once: they are what takes time. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type Authority, createIntermediate, createRoot } from "../../src/pki/issuing/authority.ts";
import { generateKey, type IssuingKey, keyFromPem } from "../../src/pki/issuing/keys.ts";
import { issueServing } from "../../src/pki/issuing/serving.ts";
import { type Draft, draftOf } from "./draft.ts";

/** When the chains are issued; the day on which agents look at them comes a month later. */
const ISSUED = new Date("2026-05-01T00:00:00Z");
const LOOKED_AT = new Date("2026-06-01T00:00:00Z");

const HOSTNAMES = ["rancher.example.com", "*.wild.example.com", "10.0.0.7", "2001:db8::7"] as const;

/** What mutations can draw on. */
export interface World {
  readonly bases: readonly Draft[];
  /** Keys that no base uses. */
  readonly strangers: readonly KeyObject[];
}

export async function makeWorld(): Promise<World> {
  const keys = await makeKeys();
  const bases: Draft[] = [];
  for (const shape of SHAPES) bases.push(await makeBase(shape, keys));
  const strangers = [
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    generateKeyPairSync("ec", { namedCurve: "P-224" }).privateKey,
    generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey,
    generateKeyPairSync("ed25519").privateKey,
    generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey,
    generateKeyPairSync("rsa", { modulusLength: 1023 }).privateKey,
    generateKeyPairSync("rsa", { modulusLength: 768 }).privateKey,
  ];
  return { bases, strangers };
}

type KeyName = "ec1" | "ec2" | "ec3" | "ec4" | "p384" | "rsa1" | "rsa2";
type Keys = Readonly<Record<KeyName, IssuingKey>>;

/** Keys from the root down to the leaf; the lengths say how many intermediates there are. */
const SHAPES: readonly (readonly KeyName[])[] = [
  ["ec1", "ec2"],
  ["rsa1", "rsa2"],
  ["ec1", "ec2", "ec3"],
  ["ec1", "ec2", "ec3"],
  ["rsa1", "ec2", "ec3"],
  ["ec1", "rsa2", "ec2"],
  ["p384", "ec1", "rsa1"],
  ["ec1", "ec2", "ec3", "ec4"],
  ["rsa1", "p384", "ec1", "ec2"],
  ["ec1", "ec2", "ec3", "p384", "rsa1", "ec4"],
];

async function makeKeys(): Promise<Keys> {
  const [ec1, ec2, ec3, ec4] = [await ecdsa(), await ecdsa(), await ecdsa(), await ecdsa()];
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
  return {
    ec1,
    ec2,
    ec3,
    ec4,
    p384: await keyFromPem(p384.export({ format: "pem", type: "pkcs8" }).toString()),
    rsa1: await generateKey("rsa-2048"),
    rsa2: await generateKey("rsa-2048"),
  };
}

const ecdsa = (): Promise<IssuingKey> => generateKey("ecdsa-p256");

async function makeBase(shape: readonly KeyName[], keys: Keys): Promise<Draft> {
  const [rootKey, ...below] = shape.map((name) => keys[name]);
  const leafKey = below.pop();
  if (rootKey === undefined || leafKey === undefined) throw new RangeError("a chain has a root and a leaf");
  const root = await createRoot({
    commonName: "Differential Root",
    organization: "Example",
    now: ISSUED,
    key: rootKey,
  });
  const anchors = [draftOf(root.certificateDer, root.key.privateKey, root.key.privateKey)];
  let issuer: Authority = root;
  const chain: Draft["chain"] = [];
  for (const [depth, key] of below.entries()) {
    const pathLength = below.length - 1 - depth;
    const next = await createIntermediate(issuer, {
      commonName: `Issuing CA ${depth + 1}`,
      now: ISSUED,
      key,
      pathLength,
    });
    chain.unshift(draftOf(next.certificateDer, issuer.key.privateKey, key.privateKey));
    issuer = next;
  }
  const leaf = await issueServing(issuer, { hostnames: HOSTNAMES, now: ISSUED, key: leafKey });
  chain.unshift(draftOf(leaf.certificateDer, issuer.key.privateKey, leafKey.privateKey));
  return { chain, anchors, hostname: HOSTNAMES[0], at: LOOKED_AT, bendBundle: [], story: [] };
}
