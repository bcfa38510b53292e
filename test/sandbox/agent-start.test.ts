import { afterEach, describe, expect, test } from "vitest";
import { type Authority as Issuer, loadAuthority } from "../../src/pki/issuing/authority.ts";
import { issueCertificate } from "../../src/pki/issuing/certificate.ts";
import {
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  PURPOSE,
  subjectAltName,
} from "../../src/pki/issuing/extensions.ts";
import { generateKey, keyToPem } from "../../src/pki/issuing/keys.ts";
import { type Sandbox, type SandboxCluster, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { Authority } from "../../src/sandbox/scenario/authority.ts";
import {
  agentPods,
  directLog,
  must,
  pinFor,
  SECRETS,
  servedBundle,
  servedIssuer,
  setPin,
  writeSecret,
} from "./estate.ts";

/** What an agent does at its start with each kind of certificate; the lines are those of a recorded, real agent. */

let sandbox: Sandbox;

afterEach(() => sandbox.stop());

interface Served {
  readonly certificate: string;
  readonly key: string;
}

const DAY = 86_400_000;

/** A leaf that the friendly issuing code would not make. */
async function oddLeaf(authority: Authority, odd: "no SAN" | "client only"): Promise<Served> {
  const issuer: Issuer = await loadAuthority(authority.intermediatePem, authority.intermediateKeyPem);
  const key = await generateKey("ecdsa-p256");
  const purpose = odd === "client only" ? PURPOSE.clientAuth : PURPOSE.serverAuth;
  const leaf = await issueCertificate({
    subject: [["CN", "localhost"]],
    issuer: issuer.subject,
    publicKey: key.publicKey,
    signingKey: issuer.key.privateKey,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + DAY),
    extensions: [
      basicConstraints(false),
      keyUsage(["digitalSignature"]),
      extendedKeyUsage([purpose]),
      ...(odd === "no SAN" ? [] : [subjectAltName(["localhost", "127.0.0.1"])]),
    ],
  });
  return { certificate: leaf.certificatePem + authority.intermediatePem, key: keyToPem(key) };
}

const rows: { name: string; served: (sandbox: Sandbox) => Promise<Served>; reason: string; advice: string }[] = [
  {
    name: "another name",
    served: ({ pki }) => pki.today.issue({ dnsNames: ["other.example"], ipAddresses: [] }),
    reason: "x509: certificate is valid for other.example, not localhost",
    advice: "does not contain correct DNS and/or IP address entries in the Subject Alternative Names (SAN)",
  },
  {
    name: "a common name alone",
    served: ({ pki }) => oddLeaf(pki.today, "no SAN"),
    reason: "x509: certificate relies on legacy Common Name field, use SANs instead",
    advice: "does not contain correct DNS and/or IP address entries in the Subject Alternative Names (SAN)",
  },
  {
    name: "a certificate for clients",
    served: ({ pki }) => oddLeaf(pki.today, "client only"),
    reason: "x509: certificate specifies an incompatible key usage",
    advice: "Certificate chain is not complete",
  },
  {
    name: "an expired certificate",
    served: ({ pki }) =>
      pki.today.issue({ notBefore: new Date(Date.now() - 30 * DAY), notAfter: new Date(Date.now() - DAY) }),
    reason: "x509: certificate has expired or is not yet valid",
    advice: "Server certificate is not valid, please check if the host has the correct time",
  },
  {
    name: "an unknown authority",
    served: async ({ pki }) => (await pki.newAuthority("B")).issue(),
    reason: "x509: certificate signed by unknown authority",
    advice: "Certificate chain is not complete, please check if all needed intermediate certificates",
  },
];

async function logAfterRestart(served: Served, lines: readonly string[]): Promise<void> {
  const cluster = must(sandbox.clusters[0]);
  await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": served.certificate, "tls.key": served.key });
  await sandbox.restartAgent(cluster.name);
  await sandbox.waitUntil(
    async () => {
      const pods = await agentPods(cluster);
      const logs = await Promise.all(pods.map(({ name }) => directLog(cluster, name)));
      return logs.some((log) => lines.every((line) => log.includes(line)));
    },
    { what: `the log to say ${lines.join(" and ")}` },
  );
}

describe("strict", () => {
  test.each(rows)("$name: the agent ends, and the sandbox counts a refusal", async ({ served, reason }) => {
    sandbox = await startSandbox({ clusters: 1, speed: 50 });
    const lines = [
      `/ping is accessible`,
      "is an x509 certificate",
      "using trusted certificate authorities within: /etc/kubernetes/ssl/certs/serverca",
      `level=error msg="Could not securely connect to ${sandbox.serverUrl}: Get \\"${sandbox.serverUrl}\\": tls: failed to verify certificate: ${reason}"`,
    ];
    await logAfterRestart(await served(sandbox), lines);
    const { refused, refusals } = sandbox.statistics();
    expect(refused).toBeGreaterThan(0);
    expect(refusals.some((refusal) => refusal.phase === "start" && refusal.reason === reason)).toBe(true);
    expect(must(Object.values(sandbox.statistics().clusters)[0]).agentExits).toBeGreaterThan(0);
  });

  test("an empty pin: there is no bundle to verify with, so the agent ends", async () => {
    sandbox = await startSandbox({ clusters: 1, speed: 50 });
    const cluster = must(sandbox.clusters[0]);
    await setPin(cluster, "");
    await sandbox.waitUntil(async () => {
      const pods = await agentPods(cluster);
      const logs = await Promise.all(pods.map(({ name }) => directLog(cluster, name)));
      return logs.some((log) =>
        log.includes("Strict CA verification is enabled but encountered error finding root CA"),
      );
    });
    expect(sandbox.statistics().refused).toBe(0);
  });
});

describe("system-store", () => {
  test.each(rows)("$name: the agent ends as well, with advice", async ({ served, reason, advice }) => {
    sandbox = await startSandbox({ clusters: 1, speed: 50, tls: { mode: "system-store" } });
    await logAfterRestart(await served(sandbox), ["level=fatal", advice, reason]);
    expect(sandbox.statistics().refused).toBeGreaterThan(0);
  });
});

describe("without a bundle of Rancher's (rancher.md §4.2: an empty checksum fetches nothing, no serverca file)", () => {
  const fromAcme = { source: "letsEncrypt", mode: "system-store" } as const;
  const logsOf = async (cluster: SandboxCluster) =>
    Promise.all((await agentPods(cluster)).map(({ name }) => directLog(cluster, name)));

  test("the system's own store verifies a public certificate, and no CA is written down", async () => {
    sandbox = await startSandbox({ clusters: 1, speed: 50, tls: fromAcme });
    const cluster = must(sandbox.clusters[0]);
    expect(await servedBundle(sandbox)).toBe("");
    expect((await agentPods(cluster)).map(({ pin }) => pin)).toEqual([""]);
    const secret = await cluster.client.get(SECRETS, "stv-aggregation");
    const data = Object.entries((secret?.data ?? {}) as Record<string, string>);
    const plain = Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
    expect(plain).toMatchObject({ CATTLE_CA_CHECKSUM: "", CATTLE_CACERTS_VALID: "false" });
    expect(Object.keys(plain)).not.toContain("ca.crt");
    expect(sandbox.statistics().refused).toBe(0);
  });

  test("a store that is too old refuses it", async () => {
    sandbox = await startSandbox({ clusters: [{ name: "paris", systemStore: "bare" }], speed: 50, tls: fromSecret });
    const cluster = must(sandbox.clusters[0]);
    const { certificate, key } = await sandbox.pki.publicCa.issue();
    await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": certificate, "tls.key": key });
    await setPin(cluster, "", 30);
    await sandbox.waitUntil(() =>
      sandbox
        .statistics()
        .refusals.some(
          ({ phase, reason }) => phase === "start" && reason === "x509: certificate signed by unknown authority",
        ),
    );
  });

  test("an agent that pins one ends: there is no CA certificate configured", async () => {
    sandbox = await startSandbox({ clusters: 1, speed: 50, tls: fromAcme });
    const cluster = must(sandbox.clusters[0]);
    await setPin(cluster, "a".repeat(64), 30);
    const line = `The environment variable CATTLE_CA_CHECKSUM is set but there is no CA certificate configured at ${sandbox.serverUrl}/v3/settings/cacerts`;
    await sandbox.waitUntil(async () => (await logsOf(cluster)).some((log) => log.includes(line)));
    expect(sandbox.statistics().refused).toBe(0);
  });

  test("cert-manager puts its certificate back where somebody writes another (§1.4: an ACME Issuer)", async () => {
    sandbox = await startSandbox({ clusters: 1, speed: 50, tls: fromAcme });
    const { certificate, key } = await (await sandbox.pki.newAuthority("B")).issue();
    await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": certificate, "tls.key": key });
    await sandbox.waitUntil(async () => (await servedIssuer(sandbox)) === "Example Issuing Public");
    await sandbox.restartAgent(must(sandbox.clusters[0]).name);
    await sandbox.waitUntilConnected();
  });
});

/** A private CA, whose agents may use their system's store as well. */
const fromSecret = { mode: "system-store" } as const;

test("every certificate of the bundle is an anchor: a chain may end at the issuing CA", async () => {
  sandbox = await startSandbox({ clusters: 1, speed: 50 });
  const { today } = sandbox.pki;
  const { certificate, key } = await today.issue();
  const leafAlone = must(certificate.split(/(?<=-----END CERTIFICATE-----\n)/)[0]);
  await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": leafAlone, "tls.key": key });
  await writeSecret(sandbox, "tls-ca", { "cacerts.pem": today.intermediatePem });
  await sandbox.restartRancher();
  const cluster = must(sandbox.clusters[0]);
  await setPin(cluster, pinFor(today.intermediatePem.trimEnd()), 30);
  await sandbox.waitUntil(async () => {
    const pods = await agentPods(cluster);
    return pods.length === 1 && pods[0]?.pin === pinFor(today.intermediatePem.trimEnd());
  });
  await sandbox.waitUntilConnected();
  expect(sandbox.statistics().refused).toBe(0);
});

test("a server that nobody reaches: the agent says so and ends, and that is no refusal", async () => {
  sandbox = await startSandbox({ clusters: 1, speed: 50 });
  const cluster = must(sandbox.clusters[0]);
  await sandbox.inject({ kind: "offline", cluster: cluster.name });
  await sandbox.restartAgent(cluster.name);
  const port = new URL(sandbox.serverUrl).port;
  await sandbox.waitUntil(async () => {
    const logs = await Promise.all((await agentPods(cluster)).map(({ name }) => directLog(cluster, name)));
    const line = `ERROR: ${sandbox.serverUrl}/ping is not accessible (Failed to connect to localhost port ${port} after 0 ms: Couldn't connect to server)`;
    return logs.some((log) => log.includes(line));
  });
  expect(sandbox.statistics().refused).toBe(0);
});

test("a registration token that Rancher does not know: the agent goes on trying", async () => {
  sandbox = await startSandbox({ clusters: 1, speed: 50 });
  const cluster = must(sandbox.clusters[0]);
  const secrets = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
  const { items } = await cluster.client.list(secrets);
  const credentials = must(items.find((item) => item.metadata.name.startsWith("cattle-credentials-")));
  const data = { token: Buffer.from("someothertoken").toString("base64") };
  await cluster.client.patch(secrets, credentials.metadata.name, { type: "merge", body: { data } });
  await sandbox.restartAgent(cluster.name);
  await sandbox.waitUntil(async () => {
    const logs = await Promise.all((await agentPods(cluster)).map(({ name }) => directLog(cluster, name)));
    return logs.some((log) =>
      [
        "with token starting with some",
        "Response status: 400 - 400 Bad Request. Response body: cluster not found",
      ].every((line) => log.includes(line)),
    );
  });
});
