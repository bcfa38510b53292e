/**
 * The copy of the container that the management API is in, and is reached through: while it stands still there is no
 * estate to ask, no lock to confirm, and no way to tell anybody. A real container engine; what runs in it is a shell.
 */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EngineLab, grown, missingForEngine, startContainerEngine } from "../helpers/container-engine.ts";
import { followContainer } from "../helpers/followed-container.ts";
import { giveInnerApi, type InnerApi, missingForInnerApi } from "../helpers/inner-api.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import { kubeconfigFlags, readiness, renewCluster } from "../helpers/renewed-cluster.ts";

const VERSION = "v2.6.14";
const IMAGES = { CATTLE_SERVER_VERSION: VERSION, CATTLE_AGENT_IMAGE: `rancher/rancher-agent:${VERSION}` };
const KUBECONFIG = "/etc/rancher/k3s/k3s.yaml";
const LOCK = { group: "", version: "v1", resource: "configmaps", namespace: "cattle-system" };
const LONG = 5 * 60_000;
const missing = missingForEngine() || missingForInnerApi();

describe.skipIf(missing !== "")(
  "a copy of the container that the API is reached through (left out without an engine)",
  () => {
    let lab: EngineLab;
    let own: Journey;
    let inner: InnerApi;
    let unfollow = (): void => {};
    /** Connections that the API breaks before it serves, when the container is started again. */
    let starting = 0;
    /** And how long it is silent first: until this is resolved. */
    let quiet: Promise<void> = Promise.resolve();

    beforeAll(async () => {
      lab = await startContainerEngine();
    }, LONG);
    afterAll(() => lab?.stop());
    beforeEach(async () => {
      starting = 0;
      quiet = Promise.resolve();
      await lab.rancher("rancher", { script: "mkdir -p k3s; echo saved > k3s/state.db", environment: IMAGES });
      own = await startJourney({
        rancher: { version: VERSION, container: true },
        clusters: [{ name: "paris", kubernetes: "v1.24.17" }],
      });
      inner = await giveInnerApi(lab, {
        name: "rancher",
        kubeconfig: own.sandbox.managementKubeconfig,
        path: KUBECONFIG,
      });
      await inner.serve();
      const onStart = () => quiet.then(() => inner.serve(starting));
      unfollow = await followContainer(lab, { sandbox: own.sandbox, name: "rancher", onStart });
      await renewCluster(own.sandbox, paris(), { ca: true });
      const place = { name: "rancher", engineSocket: lab.socket };
      await own.configure({ kubeconfig: undefined, managementContainer: place, estateBackup: { container: place } });
    }, LONG);
    afterEach(async () => {
      unfollow();
      await inner?.stop();
      await own?.stop();
      await lab.podman("rm", "--force", "--all", "--volumes", "--time", "0");
    });

    const paris = () => own.sandbox.cluster("paris");
    const starts = async (): Promise<number> => (await lab.inData("rancher", "cat starts")).trim().split("\n").length;
    const plan = async () => own.farrier("refresh", "paris", ...(await kubeconfigFlags(own.folder, paris())), "--plan");
    const lock = async () => (await own.sandbox.management.get(LOCK, "farrier-rotation"))?.data;
    const backups = async () =>
      (await readdir(join(own.folder, "refresh/backups"))).filter((name) => name.startsWith("rancher-data"));

    const large = () => lab.inData("rancher", "truncate -s 7G large");
    const begun = () => grown(join(own.folder, "refresh/backups"), /\.draft-\d+-/, 64 * 1024);
    const continued = async () =>
      jsonLines(await readFile(join(own.folder, "refresh/journal.jsonl"), "utf8"))
        .filter(({ type }) => type === "continued")
        .map(({ data }) => data.how);

    async function expectCopied(times: number): Promise<void> {
      expect(await starts()).toBe(times);
      expect(await backups()).toHaveLength(1);
      const copy = json(await readFile(join(own.folder, "refresh/estate-backup.json"), "utf8"));
      expect(copy).toMatchObject({ copy: "stopped", container: { name: "rancher" } });
      expect(await lock()).toMatchObject({ state: "finished" });
      expect(await readiness(own.sandbox, paris())).toBe("True");
    }

    it(
      "is made while the API is away, and the same process goes on with its lock",
      async () => {
        const planned = await plan();
        expect(planned.code, planned.stderr).toBe(0);
        expect(planned.stdout).toContain("copied while it stands still");
        starting = 8;
        const applied = await own.farrier("apply", "refresh", "--yes");
        expect(applied.code, `${applied.stdout}${applied.stderr}`).toBe(0);
        await expectCopied(2);
        expect(await continued()).toEqual([]);
        const report = await own.farrier("report", "refresh");
        expect(report.code, report.stderr).toBe(0);
      },
      LONG,
    );

    it(
      "killed in the middle: apply starts the container, waits for the API in it, and copies anew",
      async () => {
        await large();
        expect((await plan()).code).toBe(0);
        const copying = begun();
        const first = own.start("apply", "refresh", "--yes");
        await copying;
        first.process.kill("SIGKILL");
        await first.ended;
        starting = 8;
        const second = own.start("apply", "refresh", "--yes");
        await second.line((line) => /Started rancher again/.test(line));
        await lab.inData("rancher", "rm large");
        const { code, stdout, stderr } = await second.ended;
        expect(code, `${stdout}${stderr}`).toBe(0);
        await expectCopied(3);
        expect(await continued()).toEqual(["resumed"]);
      },
      LONG,
    );

    it(
      "stopped at once in the middle: the container runs again, and nobody waits for the API in it",
      async () => {
        await large();
        expect((await plan()).code).toBe(0);
        const speak = Promise.withResolvers<void>();
        quiet = speak.promise;
        const copying = begun();
        const first = own.start("apply", "refresh", "--yes");
        await copying;
        first.process.kill("SIGINT");
        await first.line((line) => line.startsWith("Finishing the steps in hand"));
        const asked = Date.now();
        first.process.kill("SIGINT");
        const { code, stderr } = await first.ended;
        expect([code, stderr]).toEqual([4, expect.stringContaining("farrier apply")]);
        expect(Date.now() - asked).toBeLessThan(120_000);
        await lab.inData("rancher", "ls running; rm large");
        expect(await backups()).toEqual([]);
        speak.resolve();
        quiet = Promise.resolve();
        const again = own.start("apply", "refresh", "--yes");
        const { code: end, stdout } = await again.ended;
        expect(end, stdout).toBe(0);
        await expectCopied(3);
      },
      LONG,
    );

    it(
      "is refused where another container is named: that would be a copy of another Rancher",
      async () => {
        await lab.rancher("other", { environment: IMAGES });
        const managementContainer = { name: "rancher", engineSocket: lab.socket };
        const estateBackup = { container: { name: "other", engineSocket: lab.socket } };
        await own.configure({ kubeconfig: undefined, managementContainer, estateBackup });
        const refused = await plan();
        expect([refused.code, refused.stdout]).toEqual([
          3,
          expect.stringMatching(/container other is not rancher, which the management API is reached through/),
        ]);
        expect(existsSync(join(own.folder, "refresh"))).toBe(false);
      },
      LONG,
    );
  },
);
