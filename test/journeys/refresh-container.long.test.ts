/**
 * A refresh for a Rancher that runs in a single container and keeps copies of cluster objects (2.1): its container is
 * restarted through a real container engine. What runs in that container is a shell; the simulated Rancher, and with it
 * the API of its management cluster, is there while the shell runs, and at no other time.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EngineLab, missingForEngine, startContainerEngine } from "../helpers/container-engine.ts";
import { followContainer } from "../helpers/followed-container.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import { kubeconfigFlags, readiness, renewCluster } from "../helpers/renewed-cluster.ts";
import { sshInstalled, startSshLab } from "../helpers/ssh-server.ts";
import { agentPods, ask, must } from "../sandbox/estate.ts";

const VERSION = "v2.1.14";
const IMAGES = { CATTLE_SERVER_VERSION: VERSION, CATTLE_AGENT_IMAGE: `rancher/rancher-agent:${VERSION}` };
const LONG = 5 * 60_000;
const missing = missingForEngine();

describe.skipIf(missing !== "")("a refresh for Rancher 2.1 in a single container (left out without an engine)", () => {
  let lab: EngineLab;
  let own: Journey;
  let unfollow = (): void => {};

  beforeAll(async () => {
    lab = await startContainerEngine();
  });
  afterAll(() => lab?.stop());
  beforeEach(async () => {
    await lab.rancher("rancher", { environment: IMAGES });
    const rancher = { version: VERSION, container: true };
    own = await startJourney({ rancher, clusters: [{ name: "paris", kubernetes: "v1.13.12" }] });
    unfollow = await followContainer(lab, { sandbox: own.sandbox, name: "rancher" });
    await renewCluster(own.sandbox, paris(), { ca: true, reported: false, staleStreams: ["log", "exec"] });
  });
  afterEach(async () => {
    unfollow();
    await own?.stop();
    await lab.podman("rm", "--force", "--all", "--volumes", "--time", "0");
  });

  const paris = () => own.sandbox.cluster("paris");
  const starts = async (): Promise<number> => (await lab.inData("rancher", "cat starts")).trim().split("\n").length;
  const engine = () => ["--engine-socket", lab.socket];
  const refresh = async (...flags: readonly string[]) =>
    own.farrier("refresh", "paris", ...(await kubeconfigFlags(own.folder, paris())), ...flags);

  async function expectRefreshed(): Promise<void> {
    await own.sandbox.waitUntilConnected();
    expect(await readiness(own.sandbox, paris())).toBe("True");
    const [pod] = await agentPods(paris());
    const log = `/api/v1/namespaces/cattle-system/pods/${must(pod).name}/log`;
    const asked = ["/api/v1/namespaces", log].map((path) => ask(own.sandbox, `/k8s/clusters/${paris().id}${path}`));
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200]);
  }

  it(
    "says that Rancher is away meanwhile, restarts the container once, and proves logs and shells (M2.10)",
    async () => {
      const planned = await refresh("--plan", "--container", "rancher", ...engine());
      expect(planned.code, planned.stderr).toBe(0);
      expect(planned.stdout).toContain(
        "Container rancher is restarted: Rancher and its API are away until it runs again",
      );
      expect(await starts()).toBe(1);
      const applied = await own.farrier("apply", "refresh", "--yes");
      expect(applied.code, `${applied.stdout}${applied.stderr}`).toBe(0);
      expect(await starts()).toBe(2);
      await expectRefreshed();
      expect(await own.farrier("apply", "refresh", "--yes")).toMatchObject({ code: 0 });
      expect(await starts()).toBe(2);
      expect((await lab.podman("ps", "--all", "--format", "{{.Names}}")).trim()).toBe("rancher");
      expect((await own.farrier("report", "refresh")).code).toBe(0);
    },
    LONG,
  );

  it.skipIf(!sshInstalled())(
    "restarts it on another host, through a real sshd, planned first and applied by another process",
    async () => {
      const ssh = await startSshLab();
      try {
        const there = ["--engine-socket", `ssh://127.0.0.1:${ssh.port}${lab.socket}`, "--ssh-config", ssh.config];
        expect((await refresh("--plan", "--container", "rancher", ...there)).code).toBe(0);
        const applied = await own.farrier("apply", "refresh", "--yes");
        expect(applied.code, `${applied.stdout}${applied.stderr}`).toBe(0);
        expect(await starts()).toBe(2);
        await expectRefreshed();
      } finally {
        await ssh.stop();
      }
    },
    LONG,
  );

  it(
    "killed while the container stands still: apply starts it, and does not restart it again",
    async () => {
      expect((await refresh("--plan", "--container", "rancher", ...engine())).code).toBe(0);
      const { exits } = own.sandbox.statistics().rancher;
      const first = own.start("apply", "refresh", "--yes");
      await own.sandbox.waitUntil(() => own.sandbox.statistics().rancher.exits > exits, {
        what: "Rancher to be stopped",
      });
      first.process.kill("SIGKILL");
      await first.ended;
      const second = await own.farrier("apply", "refresh", "--yes");
      expect(second.code, `${second.stdout}${second.stderr}`).toBe(0);
      expect(await starts()).toBe(2);
      await expectRefreshed();
      expect((await lab.podman("ps", "--all", "--format", "{{.Names}}")).trim()).toBe("rancher");
    },
    LONG,
  );

  it(
    "stops for the person where no container was named, and goes on when they have restarted it",
    async () => {
      const refreshed = await refresh("--yes");
      expect([refreshed.code, refreshed.stdout + refreshed.stderr]).toEqual([
        1,
        expect.stringMatching(/no container to restart was named.*restart its container \(docker restart\)/s),
      ]);
      expect(await starts()).toBe(1);
      await lab.podman("restart", "--time", "5", "rancher");
      await own.sandbox.waitUntil(async () => (await ask(own.sandbox, "/v3/clusters")).status === 200, {
        what: "Rancher to serve",
      });
      const again = await own.farrier("apply", "refresh", "--yes");
      expect(again.code, `${again.stdout}${again.stderr}`).toBe(0);
      expect(await starts()).toBe(2);
      await expectRefreshed();
    },
    LONG,
  );

  it(
    "is not restarted while its file holds another bundle than it serves: that would be half a rotation",
    async () => {
      const write = (bundle: string) =>
        lab.inData("rancher", `mkdir -p /etc/rancher/ssl; cat > /etc/rancher/ssl/cacerts.pem <<'END'\n${bundle}END\n`);
      await write(own.authority.bundle);
      const refused = await refresh("--yes", "--container", "rancher", ...engine());
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringMatching(/cacerts\.pem of Rancher's container holds another bundle than Rancher serves/),
      ]);
      expect(await starts()).toBe(1);
      await write(own.sandbox.pki.today.bundle);
      const again = await own.farrier("apply", "refresh", "--yes");
      expect(again.code, `${again.stdout}${again.stderr}`).toBe(0);
      expect(await starts()).toBe(2);
    },
    LONG,
  );

  it(
    "takes the container that the settings name for the backup",
    async () => {
      await own.configure({ estateBackup: { container: { name: "rancher", engineSocket: lab.socket, hot: true } } });
      const { stdout } = await refresh("--plan", "-o", "json");
      expect(json(stdout).rancher.inContainer.container).toMatchObject({ name: "rancher", version: VERSION });
    },
    LONG,
  );

  it(
    "has its objects saved and compared, and is refused a rotation",
    async () => {
      const saved = await own.farrier("backup", "--out", "objects", "-o", "json");
      const { clusters, unsaved } = json(saved.stdout);
      // The cluster itself refuses Rancher, until it is refreshed.
      expect([saved.code, unsaved.map((one: { cluster: string }) => one.cluster)]).toEqual([4, [paris().id]]);
      expect(clusters[0]).toMatchObject({ id: "local", objects: expect.any(Number) });
      const compared = await own.farrier("restore", "objects", "--diff");
      expect(compared.code, compared.stderr).toBe(0);
      const files = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
      const refused = await own.farrier("plan", ...files);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("no Deployment of it")]);
    },
    LONG,
  );

  const refused: [string, () => Promise<unknown>, RegExp][] = [
    ["is not there", async () => {}, /the engine at .* has no container other/i],
    ["is no Rancher", () => lab.rancher("other", { environment: {} }), /Container other is no Rancher server/],
    [
      "is another Rancher",
      () => lab.rancher("other", { environment: { ...IMAGES, CATTLE_SERVER_VERSION: "v2.4.18" } }),
      /container other runs Rancher v2\.4\.18, and this is v2\.1\.14/,
    ],
    [
      "would be gone when it stops",
      () => lab.rancher("other", { environment: IMAGES, flags: ["--rm"] }),
      /started with --rm, and would be gone/,
    ],
    [
      "does not run",
      async () => {
        await lab.rancher("other", { environment: IMAGES });
        await lab.podman("stop", "--time", "0", "other");
      },
      /container other does not run/,
    ],
  ];
  it.each(refused)(
    "is refused where the container %s, and nothing is changed",
    async (_, make, says) => {
      await make();
      const { code, stdout } = await refresh("--yes", "--container", "other", ...engine(), "-o", "json");
      const { findings } = json(stdout);
      expect([code, findings[0].code, findings[0].sentence]).toEqual([
        3,
        "refresh.container-unusable",
        expect.stringMatching(says),
      ]);
      expect(existsSync(join(own.folder, "refresh"))).toBe(false);
    },
    LONG,
  );
});

describe("a refresh for a Rancher with a Deployment", () => {
  it(
    "refuses a container: nothing would be restarted there",
    async () => {
      const own = await startJourney({
        rancher: { version: VERSION },
        clusters: [{ name: "paris", kubernetes: "v1.13.12" }],
      });
      try {
        const cluster = own.sandbox.cluster("paris");
        await renewCluster(own.sandbox, cluster);
        const flags = await kubeconfigFlags(own.folder, cluster);
        const refused = await own.farrier("refresh", "paris", ...flags, "--container", "rancher", "--yes");
        expect([refused.code, refused.stderr]).toEqual([
          2,
          expect.stringContaining("Rancher runs in a Deployment here"),
        ]);
        expect(existsSync(join(own.folder, "refresh"))).toBe(false);
      } finally {
        await own.stop();
      }
    },
    LONG,
  );
});
