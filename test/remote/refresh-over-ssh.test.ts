/** A refresh of a cluster that is reached by a control-plane node: through a real `sshd`, with the kubeconfig found there. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import { heldByRancher, readiness, renewCluster, tokensIn } from "../helpers/renewed-cluster.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";
import { ask } from "../sandbox/estate.ts";

const LONG = 5 * 60_000;

describe.skipIf(!sshInstalled())("a refresh by SSH (M2.3)", () => {
  let lab: SshLab;
  let journey: Journey;
  let cluster: SandboxCluster;

  beforeAll(async () => {
    lab = await startSshLab();
    await mkdir(join(lab.folder, "node"));
  });
  afterAll(() => lab?.stop());
  afterEach(() => journey.stop());

  const onNode = (): string => join(lab.folder, "node/rke2.yaml");

  /** Its keys change; the node has a kubeconfig of now, and the person one of before. */
  async function start(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    journey = await startJourney({ clusters: [{ name: "paris" }], speed: 100 });
    cluster = journey.sandbox.cluster("paris");
    await writeFile(join(journey.folder, "before.yaml"), cluster.kubeconfig, { mode: 0o600 });
    await renewCluster(journey.sandbox, cluster, { ca: true });
    await writeFile(onNode(), cluster.kubeconfig, { mode: 0o600 });
    const ssh = { host: "127.0.0.1", port: lab.port, user: lab.user, key: lab.key, config: lab.config };
    await journey.configure({ clusters: { paris: { ssh: { ...ssh, kubeconfig: onNode() }, ...more } } });
  }

  async function expectRefreshed(): Promise<void> {
    const { sandbox } = journey;
    const [held, tokens] = [await heldByRancher(sandbox, cluster), await tokensIn(cluster)];
    expect(tokens.map(({ token }) => token)).toEqual([held.token]);
    expect(cluster.kubeconfig).toContain(Buffer.from(held.ca).toString("base64"));
    expect(await readiness(sandbox, cluster)).toBe("True");
    expect((await ask(sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces`)).status).toBe(200);
  }

  test(
    "goes through the node that farrier.yaml names, planned first and applied by another process",
    async () => {
      await start();
      const { farrier, folder } = journey;
      const planned = await farrier("refresh", "paris", "--plan", "-o", "json");
      expect(planned.code, planned.stderr).toBe(0);
      const [member] = json(planned.stdout).clusters;
      expect(member).toMatchObject({ reach: "ssh", why: expect.stringMatching(/through node 127\.0\.0\.1/) });
      const done = await farrier("apply", "refresh", "--yes");
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
      await expectRefreshed();
      const plan = await readFile(join(folder, "refresh/plan.json"), "utf8");
      expect(plan).not.toContain("client-key-data");
    },
    LONG,
  );

  test(
    "goes through the node where the kubeconfig that is named does not do any more",
    async () => {
      await start({ kubeconfig: "before.yaml" });
      const done = await journey.farrier("refresh", "paris", "--yes");
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
      await expectRefreshed();
    },
    LONG,
  );

  test(
    "says what is wrong with the node, and changes nothing",
    async () => {
      await start();
      const ssh = { host: "127.0.0.1", port: 1, user: lab.user, key: lab.key, config: lab.config };
      await journey.configure({ clusters: { paris: { ssh: { ...ssh, kubeconfig: onNode() } } } });
      const tokens = await tokensIn(cluster);
      const refused = await journey.farrier("refresh", "paris", "--yes");
      expect([refused.code, refused.stdout]).toEqual([3, expect.stringMatching(/SSH to \S+@127\.0\.0\.1:1 failed/)]);
      expect(await tokensIn(cluster)).toEqual(tokens);
      expect(existsSync(join(journey.folder, "refresh"))).toBe(false);
    },
    LONG,
  );
});
