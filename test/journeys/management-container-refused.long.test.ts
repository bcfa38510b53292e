/**
 * Containers that a management API cannot be reached through, and what people say wrongly of one: a sentence and a hint,
 * and neither the estate nor the container is changed.
 */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { type CommandLab, expectRefusal, type Refusal, startCommandLab } from "../helpers/command-lab.ts";
import { type EngineLab, missingForEngine, startContainerEngine } from "../helpers/container-engine.ts";
import { giveInnerApi, type InnerApi, missingForInnerApi } from "../helpers/inner-api.ts";

const VERSION = "v2.6.14";
const IMAGES = { CATTLE_SERVER_VERSION: VERSION, CATTLE_AGENT_IMAGE: `rancher/rancher-agent:${VERSION}` };
const KUBECONFIG = "/etc/rancher/k3s/k3s.yaml";
const LONG = 5 * 60_000;
const missing = missingForEngine() || missingForInnerApi();

describe.skipIf(missing !== "")("a management API that is not reached (left out without an engine)", () => {
  let lab: CommandLab;
  let engine: EngineLab;
  let inner: InnerApi;

  beforeAll(async () => {
    engine = await startContainerEngine();
    lab = await startCommandLab({ rancher: { version: VERSION, container: true }, clusters: [{ name: "paris" }] });
    lab.put("farrier.yaml", "tokenFile: token\n");
  });
  afterAll(async () => {
    await lab?.stop();
    await engine?.stop();
  });
  beforeEach(async () => {
    await engine.rancher("rancher", { environment: IMAGES });
    inner = await giveInnerApi(engine, {
      name: "rancher",
      kubeconfig: lab.sandbox.managementKubeconfig,
      path: KUBECONFIG,
    });
    await inner.serve();
  });
  afterEach(async () => {
    await inner?.stop();
    await engine.podman("rm", "--force", "--all", "--volumes", "--time", "0");
  });

  const inside = (script: string) => engine.podman("exec", "rancher", "sh", "-c", script);
  const rewrite = (from: RegExp, to: string): Promise<string> => {
    const text = lab.sandbox.managementKubeconfig.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:6443").replace(from, to);
    return inside(`cat > ${KUBECONFIG} <<'END'\n${text}\nEND\n`);
  };
  const strangers = async (): Promise<string> => {
    const { bundle } = await lab.sandbox.pki.newAuthority("Strangers");
    return Buffer.from(bundle).toString("base64");
  };

  const failed = { exit: 1, code: "api.unreachable" };
  const containers: [string, () => Promise<unknown>, Refusal][] = [
    [
      "that does not run",
      () => engine.podman("stop", "--time", "0", "rancher"),
      { exit: 1, code: "engine.container-stopped", says: /Container rancher.* does not run/, hint: /docker start/ },
    ],
    [
      "that holds no kubeconfig",
      () => inside(`rm ${KUBECONFIG}`),
      { exit: 2, code: "engine.no-kubeconfig", says: /rancher has no kubeconfig.*k3s\.yaml/, hint: /outside/ },
    ],
    [
      "without bash",
      () => inside("rm /bin/bash"),
      { ...failed, says: /Container rancher has no bash to be reached through/, hint: /rancher\/rancher/ },
    ],
    [
      "in which the API does not answer yet",
      () => inner.silence(),
      { ...failed, says: /127\.0\.0\.1:6443 in container rancher .*Connection refused/, hint: /starting/ },
    ],
    [
      "whose kubeconfig trusts another CA than the API presents",
      async () => rewrite(/(certificate-authority-data: ).*/, `$1${await strangers()}`),
      { exit: 1, code: "api.untrusted", says: /management cluster presents a certificate that is not trusted/ },
    ],
    [
      "whose kubeconfig is damaged",
      () => rewrite(/clusters:/, "clusters: {{ token-of-somebody"),
      { exit: 2, code: "kubeconfig.invalid", says: /k3s\.yaml of container rancher is not a kubeconfig/ },
    ],
    [
      "whose kubeconfig names files that are in it",
      () => rewrite(/certificate-authority-data: .*/, "certificate-authority: /var/lib/ca.crt"),
      { exit: 2, code: "kubeconfig.invalid", says: /names files or programs of the machine that it is on/ },
    ],
    [
      "whose kubeconfig turns off verification",
      () => rewrite(/certificate-authority-data: .*/, "insecure-skip-tls-verify: true"),
      { exit: 2, code: "kubeconfig.insecure", says: /turns off TLS verification/ },
    ],
  ];
  it.each(containers)(
    "because of a container %s",
    async (_, make, refusal) => {
      await make();
      const { writes } = lab;
      const before = writes.length;
      const through = ["--management-container", "rancher", "--engine-socket", engine.socket];
      const ended = await lab.farrier(["backup", "--out", "objects", ...through]);
      expectRefusal(ended, refusal);
      expect(ended.stderr).not.toContain("token-of-somebody");
      expect(writes.length).toBe(before);
      expect(await engine.podman("ps", "--all", "--format", "{{.Names}}")).toBe("rancher\n");
    },
    LONG,
  );

  const at = (name: string, socket = engine.socket) => ["--management-container", name, "--engine-socket", socket];
  const said: [string, () => readonly string[], Refusal, object?][] = [
    [
      "a name that there is not",
      () => at("ranchr"),
      { exit: 2, code: "engine.container-unknown", says: /no container ranchr/, hint: /It has rancher/ },
    ],
    [
      "an engine that is not there",
      () => at("rancher", join(engine.folder, "none")),
      { exit: 1, code: "engine.unreachable", says: /none does not answer \(ENOENT\)/ },
    ],
    [
      "an engine on a host that SSH does not reach",
      () => at("rancher", "ssh://127.0.0.1:1"),
      { exit: 1, code: "ssh.unreachable", says: /SSH to 127\.0\.0\.1:1 failed/ },
    ],
    [
      "an engine's socket for no container",
      () => ["--engine-socket", "/s"],
      { exit: 2, code: "input.usage", says: /--engine-socket needs --container or --management-container/ },
    ],
    [
      "a kubeconfig as well",
      () => [...at("rancher"), "--kubeconfig", "kubeconfig"],
      { exit: 2, code: "input.usage", says: /named twice: by --management-container and by a kubeconfig/ },
    ],
    [
      "a kubeconfig as well, in the file",
      () => ["--config", "both.yaml"],
      { exit: 2, code: "input.invalid", says: /named twice: by managementContainer and by a kubeconfig/ },
      { kubeconfig: "kubeconfig", managementContainer: { name: "rancher" } },
    ],
    [
      "a context as well, in the file",
      () => ["--config", "both.yaml"],
      { exit: 2, code: "input.invalid", says: /by managementContainer and by a context/ },
      { context: "management", managementContainer: { name: "rancher" } },
    ],
    [
      "a setting that there is not",
      () => ["--config", "both.yaml"],
      { exit: 2, code: "input.invalid", says: /managementContainer: there is no setting "socket"/ },
      { managementContainer: { name: "rancher", socket: "/s" } },
    ],
  ];
  it.each(said)(
    "because of %s",
    async (_, flags, refusal, settings) => {
      lab.put("both.yaml", stringify({ tokenFile: "token", ...settings }));
      expectRefusal(await lab.farrier(["observe", ...flags()]), refusal);
    },
    LONG,
  );

  it(
    "because of a container that is no Rancher's",
    async () => {
      await engine.rancher("other", { environment: {} });
      expectRefusal(await lab.farrier(["observe", ...at("other")]), {
        exit: 2,
        code: "engine.container-unsuitable",
        says: /Container other is no Rancher server/,
      });
    },
    LONG,
  );
});
