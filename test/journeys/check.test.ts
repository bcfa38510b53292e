import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hasErrors, runChecks } from "../../src/checks/checks.ts";
import { readTarget } from "../../src/checks/target.ts";
import type { Finding } from "../../src/findings.ts";
import { observeEstate } from "../../src/observe/observe-estate.ts";
import { openWorld } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(scenario: ScenarioInput): Promise<Sandbox> {
  const sandbox = await startSandbox({ speed: 100, ...scenario });
  closing.push(() => sandbox.stop());
  await waitUntilRancherRests(sandbox);
  return sandbox;
}

/** Every finding about a running sandbox, as `severity code cluster-or-target`. */
async function check(sandbox: Sandbox, target?: Parameters<typeof readTarget>[0]): Promise<readonly Finding[]> {
  const directory = await mkdtemp(join(tmpdir(), "farrier-check-"));
  closing.push(() => rm(directory, { recursive: true }));
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, sandbox.managementKubeconfig);
  const world = await openWorld({ kubeconfig, token: Secret.of(sandbox.token) });
  try {
    const estate = await observeEstate(world, { now: () => new Date() });
    const now = new Date();
    const until = new Date(now.getTime() + 24 * 3_600_000);
    return runChecks({ estate, now, until, ...(target === undefined ? {} : { target: readTarget(target) }) });
  } finally {
    await world.close();
  }
}

/** `error agent.latent-mismatch paris`: clusters by their display names. */
function summaries(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, code, target }) => `${severity} ${code} ${/\((.+)\)$/.exec(target)?.[1] ?? target}`);
}

async function target(sandbox: Sandbox, options: { readonly dnsNames?: string[] } = {}) {
  const authority = await sandbox.pki.newAuthority("Next");
  const issued = await authority.issue(options);
  return { certPem: issued.certificate, keyPem: issued.key, caPem: authority.bundle };
}

describe("the checks of a running estate", () => {
  it("find nothing in one that is well, for a target that is good", async () => {
    const sandbox = await start({ clusters: 3 });
    expect(summaries(await check(sandbox, await target(sandbox)))).toEqual([]);
  });

  it("find everything that is wrong, at once", async () => {
    const sandbox = await start({
      clusters: [
        { name: "paris", driver: "rke2", fleet: true },
        { name: "lagos" },
        { name: "oslo" },
        { name: "rome" },
        { name: "bonn" },
      ],
      faults: [
        { kind: "offline", cluster: "lagos" },
        { kind: "drifted", cluster: "oslo", pin: "trailing-newline" },
        { kind: "drifted", cluster: "rome", pin: "other" },
        { kind: "forbidden", cluster: "bonn" },
        { kind: "owned-secret", secret: "tls-ca", tool: "flux" },
        { kind: "owned-secret", secret: "tls-rancher-ingress", tool: "argocd" },
        { kind: "token-expires", minutes: 30 },
      ],
    });
    const findings = await check(sandbox, await target(sandbox, { dnsNames: ["elsewhere.example.test"] }));
    expect(summaries(findings)).toEqual([
      "error token.ends-early API token",
      "warning permission.missing-in-cluster bonn",
      "error secret.owned secret cattle-system/tls-rancher-ingress",
      "error secret.owned secret cattle-system/tls-ca",
      "warning cluster.disconnected lagos",
      "error agent.pin-variant oslo",
      "error agent.latent-mismatch rome",
      "warning consumer.unmovable paris",
      "warning consumer.unmovable paris",
      "error chain.hostname leaf",
    ]);
    expect(hasErrors(findings)).toBe(true);
  });

  it.each([
    { version: "2.14", finds: [] },
    { version: "2.15.0", finds: ["error trust.update-denied setting cacerts"] },
    { version: "2.15.1", finds: [] },
  ])("know whether Rancher $version may update its own setting", async ({ version, finds }) => {
    const sandbox = await start({ clusters: 1, rancher: { version } });
    expect(summaries(await check(sandbox))).toEqual(finds);
  });

  it.each([
    { bundle: "crlf" as const, codes: [] },
    { bundle: "bom" as const, codes: ["bundle.certificate-dropped", "bundle.byte-order-mark"] },
    { bundle: "comment" as const, codes: [] },
  ])("read a bundle as people have it: $bundle", async ({ bundle, codes }) => {
    const sandbox = await start({ clusters: 1, tls: { bundle } });
    const findings = await check(sandbox);
    expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(codes));
  });

  it("notice a Secret that was changed and not yet served", async () => {
    const sandbox = await start({ clusters: 1 });
    const { bundle } = await sandbox.pki.newAuthority("Changed");
    const secrets = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
    const data = { "cacerts.pem": Buffer.from(bundle).toString("base64") };
    await sandbox.management.patch(secrets, "tls-ca", { type: "merge", body: { data } });
    expect(summaries(await check(sandbox))).toEqual(["error trust.secret-differs secret tls-ca"]);
  });

  it("notice replicas of Rancher that serve different bundles", async () => {
    const sandbox = await start({ clusters: 1, rancher: { replicas: 2, settingDelaySeconds: 600 } });
    const { bundle } = await sandbox.pki.newAuthority("Next");
    const secrets = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
    const pods = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };
    const data = { "cacerts.pem": Buffer.from(sandbox.pki.today.bundle + bundle).toString("base64") };
    await sandbox.management.patch(secrets, "tls-ca", { type: "merge", body: { data } });
    const { items } = await sandbox.management.list(pods, { labelSelector: "app=rancher" });
    await sandbox.management.delete(pods, items[0]?.metadata.name ?? "");
    const settings = { group: "management.cattle.io", version: "v3", resource: "settings" };
    await sandbox.waitUntil(async () => {
      const setting = await sandbox.management.get(settings, "cacerts");
      return setting?.value !== sandbox.pki.today.bundle.trim();
    });
    await waitUntilRancherRests(sandbox);
    const codes = (await check(sandbox)).map(({ code }) => code);
    expect(codes).toContain("rancher.replicas-disagree");
  });

  it("notice a rollout of Rancher that somebody else has begun", async () => {
    const sandbox = await start({ clusters: 1, rancher: { startSeconds: [200, 200] } });
    await sandbox.restartRancher();
    const codes = (await check(sandbox)).map(({ code }) => code);
    expect(codes).toContain("rancher.rolling-out");
  });
});
