/**
 * A Rancher in a single container whose management API nobody publishes, as real installs are: it answers in the
 * container's own network alone, and Farrier reaches it through a real container engine. No kubeconfig is given.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { namespaces } from "../../src/kubernetes/resource.ts";
import { openWorld, type World } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import type { EngineAddress } from "../../src/remote/engine-address.ts";
import { type EngineLab, missingForEngine, startContainerEngine } from "../helpers/container-engine.ts";
import { followContainer } from "../helpers/followed-container.ts";
import { giveInnerApi, type InnerApi, missingForInnerApi } from "../helpers/inner-api.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import { kubeconfigFlags, readiness, renewCluster } from "../helpers/renewed-cluster.ts";
import { readableIn, textCanary } from "../helpers/secret-search.ts";
import { sshInstalled, startSshLab } from "../helpers/ssh-server.ts";
import { must } from "../sandbox/estate.ts";

const images = (version: string) => ({
  CATTLE_SERVER_VERSION: version,
  CATTLE_AGENT_IMAGE: `rancher/rancher-agent:${version}`,
});
const NAMESPACES = { group: "", version: "v1", resource: "namespaces" } as const;
const LONG = 5 * 60_000;
const missing = missingForEngine() || missingForInnerApi();

describe.skipIf(missing !== "")("a management API in Rancher's container (left out without an engine)", () => {
  let lab: EngineLab;
  let own: Journey;
  let inner: InnerApi;

  beforeAll(async () => {
    lab = await startContainerEngine();
  });
  afterAll(() => lab?.stop());
  afterEach(async () => {
    await inner?.stop();
    await own?.stop();
    await lab.podman("rm", "--force", "--all", "--volumes", "--time", "0");
  });

  /** An estate whose management API is in the container `rancher`, and nowhere else that Farrier is told of. */
  async function begin(version: string, path: string | undefined, kubernetes = "v1.24.17"): Promise<void> {
    await lab.rancher("rancher", { environment: images(version) });
    own = await startJourney({ rancher: { version, container: true }, clusters: [{ name: "paris", kubernetes }] });
    const kubeconfig = own.sandbox.managementKubeconfig;
    inner = await giveInnerApi(lab, { name: "rancher", kubeconfig, ...(path === undefined ? {} : { path }) });
    await inner.serve();
    await rm(join(own.folder, "kubeconfig"));
    await own.configure({ kubeconfig: undefined });
  }

  const through = (name = "rancher") => ["--management-container", name, "--engine-socket", lab.socket];
  /** As a command has it, in this process. */
  const open = (address: EngineAddress = { socket: lab.socket }): Promise<World> =>
    openWorld({
      managementContainer: { container: "rancher", address },
      token: Secret.of(own.sandbox.token),
      mayBeContainer: true,
    });
  /** Processes of bridges: a bash and two of dd for each. */
  const bridges = async (): Promise<number> =>
    (await lab.podman("top", "rancher", "comm")).split("\n").filter((name) => /^(bash|dd)$/.test(name)).length;

  describe("of Rancher from 2.3 on, by K3s", () => {
    beforeEach(() => begin("v2.6.14", "/etc/rancher/k3s/k3s.yaml"), LONG);

    it(
      "is observed through the container, which is said, and nothing stays in it",
      async () => {
        const observed = await own.farrier("observe", ...through(), "-o", "json");
        expect(observed.code, observed.stderr).toBe(0);
        const { access, clusters, installation } = json(observed.stdout);
        expect(access).toMatchObject({
          server: "https://127.0.0.1:6443/",
          container: { name: "rancher", engine: lab.socket },
        });
        expect(installation.version).toBe("v2.6.14");
        expect(clusters.map(({ name }: { name: string }) => name)).toContain("paris");
        await own.configure({
          kubeconfig: undefined,
          managementContainer: { name: "rancher", engineSocket: lab.socket },
        });
        const shown = await own.farrier("observe");
        expect(shown.stdout).toContain(`https://127.0.0.1:6443/, through container rancher at ${lab.socket}`);
        await own.sandbox.waitUntil(async () => (await bridges()) === 0, { what: "the bridges to end" });
      },
      LONG,
    );

    it.skipIf(!sshInstalled())(
      "is observed through a container on another host, by a real sshd",
      async () => {
        const ssh = await startSshLab();
        try {
          const there = ["--engine-socket", `ssh://127.0.0.1:${ssh.port}${lab.socket}`, "--ssh-config", ssh.config];
          const observed = await own.farrier("observe", "--management-container", "rancher", ...there, "-o", "json");
          expect(observed.code, observed.stderr).toBe(0);
          const { access } = json(observed.stdout);
          expect(access.container.engine).toContain(`${lab.socket} of 127.0.0.1`);
        } finally {
          await ssh.stop();
        }
      },
      LONG,
    );

    it(
      "leaves nothing in the container when it is killed",
      async () => {
        own.sandbox.managementServer.faults.add(({ user }) =>
          user.name.startsWith("system:") || user.name === "kubernetes-admin" ? undefined : { kind: "hang" },
        );
        const looking = own.start("observe", ...through());
        await own.sandbox.waitUntil(async () => (await bridges()) > 0, { what: "a bridge" });
        looking.process.kill("SIGKILL");
        await looking.ended;
        await own.sandbox.waitUntil(async () => (await bridges()) === 0, { what: "the bridges to end" });
      },
      LONG,
    );

    it(
      "carries many requests by few processes, and uses them again",
      async () => {
        const world = await open();
        try {
          const ask = () => world.management.get(namespaces, "kube-system");
          await Promise.all(Array.from({ length: 40 }, ask));
          const first = await bridges();
          expect(first).toBeLessThanOrEqual(8 * 3);
          await Promise.all(Array.from({ length: 40 }, ask));
          expect(await bridges()).toBe(first);
        } finally {
          await world.close();
        }
        await own.sandbox.waitUntil(async () => (await bridges()) === 0, { what: "the bridges to end" });
      },
      LONG,
    );

    it(
      "follows changes, also over the end of the container and its next start",
      async () => {
        const world = await open();
        try {
          const seen: string[] = [];
          const followed = world.management.watchUntil(
            namespaces,
            {},
            (objects) => {
              for (const { metadata } of objects) if (!seen.includes(metadata.name)) seen.push(metadata.name);
              return seen.includes("second") ? "seen" : undefined;
            },
            { deadlineMs: LONG },
          );
          const made = (name: string) =>
            own.sandbox.management.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
          await made("first");
          await own.sandbox.waitUntil(() => seen.includes("first"), { what: "the first namespace to be seen" });
          await lab.podman("restart", "--time", "5", "rancher");
          await inner.serve();
          await made("second");
          expect(await followed).toBe("seen");
          expect(await bridges()).toBeGreaterThan(0);
        } finally {
          await world.close();
        }
      },
      LONG,
    );

    it.skipIf(!sshInstalled())(
      "opens the way to the engine again where SSH has ended",
      async () => {
        const ssh = await startSshLab();
        const world = await open({
          socket: lab.socket,
          ssh: { host: "127.0.0.1", port: ssh.port, config: ssh.config },
        });
        try {
          const { metadata } = must(await world.management.get(namespaces, "kube-system"));
          await ssh.restartNode({});
          await expect(world.management.get(namespaces, "kube-system")).resolves.toMatchObject({ metadata });
        } finally {
          await world.close();
          await ssh.stop();
        }
      },
      LONG,
    );

    it(
      "has its objects saved and put back",
      async () => {
        const saved = await own.farrier("backup", "--out", "objects", ...through());
        expect(saved.code, saved.stderr).toBe(0);
        const compared = await own.farrier("restore", "objects", "--diff", ...through());
        expect(compared.code, compared.stderr).toBe(0);
      },
      LONG,
    );
  });

  describe("of Rancher 2.1, which a refresh restarts", () => {
    let unfollow = (): void => {};
    /** Connections that the API breaks before it serves, when the container is started again. */
    let starting = 0;
    beforeEach(async () => {
      starting = 0;
      await begin("v2.1.14", "/var/lib/rancher/kube_config_cluster.yml", "v1.13.12");
      unfollow = await followContainer(lab, {
        sandbox: own.sandbox,
        name: "rancher",
        onStart: () => inner.serve(starting),
      });
      await renewCluster(own.sandbox, paris(), { ca: true, reported: false, staleStreams: ["log", "exec"] });
    });
    afterEach(() => unfollow());

    const paris = () => own.sandbox.cluster("paris");
    const starts = async (): Promise<number> => (await lab.inData("rancher", "cat starts")).trim().split("\n").length;

    it(
      "is reached by the latest kubeconfig, where an upgrade has left one of before",
      async () => {
        const of22 = "/var/lib/rancher/management-state/cred/kubeconfig.yaml";
        await lab.inData("rancher", `mkdir -p management-state/cred; mv kube_config_cluster.yml ${of22}`);
        await lab.inData("rancher", "echo 'of before' > kube_config_cluster.yml");
        const observed = await own.farrier("observe", ...through());
        expect(observed.code, observed.stderr).toBe(0);
      },
      LONG,
    );

    it(
      "is planned and refreshed through the container, over its restart",
      async () => {
        const flags = await kubeconfigFlags(own.folder, paris());
        const planned = await own.farrier("refresh", "paris", ...flags, "--plan", ...through());
        expect(planned.code, planned.stderr).toBe(0);
        expect(planned.stdout).toContain("The management cluster's API is reached through container rancher (");
        const applied = await own.farrier("apply", "refresh", "--yes", ...through());
        expect(applied.code, `${applied.stdout}${applied.stderr}`).toBe(0);
        expect(await starts()).toBe(2);
        expect(await readiness(own.sandbox, paris())).toBe("True");
        expect((await own.farrier("report", "refresh", ...through())).code).toBe(0);
        const [, token = ""] = must(/token: (\S+)/.exec(own.sandbox.managementKubeconfig) ?? undefined);
        const secret = [textCanary("the token of the container's kubeconfig", token)];
        const files = readdirSync(own.folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
        const told = files.filter(
          (file) => readableIn(readFileSync(join(file.parentPath, file.name)), secret).length > 0,
        );
        expect(told.map(({ name }) => name)).toEqual([]);
        expect(readableIn(own.said(), secret)).toEqual([]);
        await own.sandbox.waitUntil(async () => (await bridges()) === 0, { what: "the bridges to end" });
      },
      LONG,
    );

    it(
      "killed while the container stands still: apply starts it, and waits until the API in it answers",
      async () => {
        const flags = await kubeconfigFlags(own.folder, paris());
        expect((await own.farrier("refresh", "paris", ...flags, "--plan", ...through())).code).toBe(0);
        const { exits } = own.sandbox.statistics().rancher;
        const first = own.start("apply", "refresh", "--yes", ...through());
        await own.sandbox.waitUntil(() => own.sandbox.statistics().rancher.exits > exits, {
          what: "Rancher to be stopped",
        });
        first.process.kill("SIGKILL");
        await first.ended;
        starting = 8;
        const second = await own.farrier("apply", "refresh", "--yes", ...through());
        expect(second.code, `${second.stdout}${second.stderr}`).toBe(0);
        expect(await starts()).toBe(2);
        expect(await readiness(own.sandbox, paris())).toBe("True");
      },
      LONG,
    );

    it(
      "restarts no other container than the one that the API is in",
      async () => {
        await lab.rancher("other", { environment: images("v2.1.14") });
        const flags = await kubeconfigFlags(own.folder, paris());
        const refused = await own.farrier("refresh", "paris", ...flags, "--yes", "--container", "other", ...through());
        expect([refused.code, refused.stdout]).toEqual([
          3,
          expect.stringMatching(/container other is not rancher, which the management API is reached through/),
        ]);
        expect(existsSync(join(own.folder, "refresh"))).toBe(false);
      },
      LONG,
    );

    it(
      "is not gone on with through another container than it was planned through",
      async () => {
        const flags = await kubeconfigFlags(own.folder, paris());
        expect((await own.farrier("refresh", "paris", ...flags, "--plan", ...through())).code).toBe(0);
        await inner.stop();
        await lab.rancher("other", { environment: images("v2.1.14") });
        const kubeconfig = own.sandbox.managementKubeconfig;
        const path = "/var/lib/rancher/kube_config_cluster.yml";
        inner = await giveInnerApi(lab, { name: "other", kubeconfig, path });
        await inner.serve();
        const applied = await own.farrier("apply", "refresh", "--yes", ...through("other"));
        expect([applied.code, applied.stderr]).toEqual([
          5,
          expect.stringMatching(/made through container rancher \(\w{12}\); this is other \(\w{12}\)/),
        ]);
        expect(await starts()).toBe(1);
        expect(existsSync(join(own.folder, "refresh/journal.jsonl"))).toBe(false);
      },
      LONG,
    );
  });
});
