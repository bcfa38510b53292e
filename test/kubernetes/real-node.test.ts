/** Kubernetes' own kubelet with containerd, on this machine: the images that the tests make run there as they do anywhere. */

import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../../src/sandbox/scenario/waiting.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { runProgram } from "../helpers/run-program.ts";
import { pathOf } from "./control-plane/binaries.ts";
import { type ControlPlane, startControlPlane } from "./control-plane/control-plane.ts";
import { NetworkClient } from "./control-plane/network-client.ts";
import { bearer, Wire } from "./control-plane/wire.ts";
import { shareTheNodesNetwork } from "./node/host-network.ts";
import { NodeNamespace, prepareForAgents } from "./node/node-namespace.ts";
import { type RealNode, startRealNode } from "./node/real-node.ts";
import { clearAbandoned, remainsOf, tunablesWithoutNodes } from "./node/remains.ts";
import { missingForNode } from "./node/requirements.ts";
import { straddling } from "./suite/straddling.ts";
import { subPathMounts } from "./suite/sub-path.ts";

const MINUTE = 60_000;
const AGENT_VERSION = "v2.15.1";
const IMAGE = `rancher/rancher-agent:${AGENT_VERSION}`;

describe.skipIf(missingForNode() !== "")("a real node", () => {
  let folder: string;
  let kernel: Readonly<Record<string, string>>;
  let controlPlane: ControlPlane;
  let node: RealNode;
  let wire: Wire;
  let client: NetworkClient;

  beforeAll(async () => {
    kernel = await tunablesWithoutNodes();
    folder = await mkdtemp(join(tmpdir(), "farrier-kubectl-"));
    controlPlane = await startControlPlane({ name: "node" });
    await writeFile(join(folder, "kubeconfig"), controlPlane.kubeconfig, { mode: 0o600 });
    await shareTheNodesNetwork(controlPlane);
    node = await startRealNode(controlPlane, { agentVersion: AGENT_VERSION });
    wire = new Wire(controlPlane.url, controlPlane.caPem);
    client = new NetworkClient(wire.as(bearer(controlPlane.token)));
  });

  afterAll(async () => {
    await wire?.close();
    await node?.stop();
    await controlPlane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const kubectl = (...args: readonly string[]): Promise<Ended> => kubectlWith(args);

  const kubectlWith = (args: readonly string[], input = ""): Promise<Ended> =>
    runProgram(pathOf("kubectl"), ["--kubeconfig", join(folder, "kubeconfig"), ...args], {
      cwd: folder,
      env: process.env,
      input,
    });

  const run = async (name: string, script: string) => {
    const started = await kubectl("run", name, `--image=${IMAGE}`, "--command", "--", "/bin/sh", "-c", script);
    expect(started).toMatchObject({ code: 0, stderr: "" });
  };

  const untilPodIs = (name: string, fits: (line: string) => boolean, what: string) => {
    const columns = "PHASE:.status.phase,RESTARTS:.status.containerStatuses[0].restartCount";
    const waiting = "WAITING:.status.containerStatuses[0].state.waiting.reason";
    const look = async () => {
      const { stdout } = await kubectl(
        "get",
        "pod",
        name,
        "--no-headers",
        "-o",
        `custom-columns=${columns},${waiting}`,
      );
      return fits(stdout.trim().replace(/ +/g, " "));
    };
    return waitUntil(look, { what, seconds: 180 });
  };

  test("is Ready, and carries out what a real scheduler gives it: a pod with its log, exec, and deletion", async () => {
    const ready = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}";
    expect(await kubectl("get", "nodes", "-o", ready)).toMatchObject({ code: 0, stdout: "True" });

    await run("shell", "echo started; trap 'exit 0' TERM; while :; do sleep 1 & wait; done");
    await untilPodIs("shell", (line) => line.startsWith("Running"), "the pod to run");
    const hasStarted = async () => (await kubectl("logs", "shell")).stdout === "started\n";
    await waitUntil(hasStarted, { what: "the container's first line in its log" });
    const said = await kubectl("exec", "shell", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 3");
    expect(said).toMatchObject({ code: 3, stdout: "out\n" });
    expect(said.stderr).toContain("err\n");
    expect(await kubectl("delete", "pod", "shell", "--timeout=180s")).toMatchObject({ code: 0 });
    expect((await kubectl("get", "pod", "shell")).stderr).toContain("NotFound");
  });

  describe.concurrent("side by side, rancher.md §0b among them", { timeout: 8 * MINUTE }, () => {
    beforeAll(() => prepareForAgents(client));

    straddling({
      start: () => NodeNamespace.straddled(client, IMAGE),
      // A start check that fails takes seconds where the machine has much else to do.
      minReadySeconds: 30,
      startSeconds: 18,
      backOff: { starts: 3, seconds: 40 },
    });

    subPathMounts(IMAGE, kubectlWith);

    test("runs the simulated agent as a process of a container, and starts it again with a back-off", async () => {
      const env = ["--env=CATTLE_CLUSTER=true", "--env=CATTLE_SERVER=https://localhost:1"];
      expect(await kubectl("run", "agent", `--image=${IMAGE}`, ...env)).toMatchObject({ code: 0, stderr: "" });
      await untilPodIs("agent", (line) => /^Running [1-9]\d* CrashLoopBackOff$/.test(line), "two starts in vain");
      const { stdout } = await kubectl("logs", "agent", "--previous");
      expect(stdout).toContain(
        "ERROR: https://localhost:1/ping is not accessible (Failed to connect to localhost port 1",
      );
    });
  });

  test("leaves nothing on the machine when it is stopped, whatever runs on it", async () => {
    const { directory } = node;
    const containers = (await remainsOf(directory)).filter((each) => each.includes("containerd-shim-runc-v2"));
    expect(containers).not.toEqual([]);
    await node.stop();
    expect(await remainsOf(directory)).toEqual([]);
    expect(await tunablesWithoutNodes()).toEqual(kernel);
  });
});

describe.skipIf(missingForNode() !== "")("a node whose owner was killed", () => {
  test("is cleared away before the next one starts", async () => {
    const { pid: dead } = spawnSync("true");
    const directory = await mkdtemp(join(tmpdir(), "farrier-kubelet-"));
    await mkdir(join(directory, "volume"));
    expect(spawnSync("mount", ["-t", "tmpfs", "none", join(directory, "volume")])).toMatchObject({ status: 0 });
    const left = spawn("sh", ["-c", `sleep 600; : ${directory}`], { stdio: "ignore" });
    await writeFile(join(directory, "owner"), String(process.pid));
    // The shell and what it starts, the mount, and the directory.
    await waitUntil(async () => (await remainsOf(directory)).length === 4, { what: "the shell's own process" });
    await clearAbandoned();
    expect(await remainsOf(directory)).toHaveLength(4);
    await writeFile(join(directory, "owner"), String(dead));
    await clearAbandoned();
    expect(await remainsOf(directory)).toEqual([]);
    expect(left).toMatchObject({ signalCode: "SIGKILL" });
  });
});
