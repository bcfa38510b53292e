import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, localCluster, nodeAgents, SERVER_URL } from "../../../test/helpers/estate-builder.ts";
import {
  generatedEstate,
  helmReleased,
  overlapInput,
  overlapPlan,
  PIN,
  SEALED,
} from "../../../test/helpers/plan-builder.ts";
import { assemblePlan } from "../assemble.ts";
import { stepKindSchema } from "../plan.ts";
import { epochNamed, stepsOf } from "../reading.ts";
import { refreshSteps } from "../refresh/assemble-refresh.ts";
import { backUpEstate } from "./back-up-estate.ts";
import { copyContainer } from "./copy-container.ts";
import { replaceCertificate } from "./replace-certificate.ts";
import { requestSnapshot } from "./request-snapshot.ts";
import { saveSnapshot } from "./save-snapshot.ts";

const permissions = { patchAgent: "no", deletePods: "no", listPods: "yes" } as const;
const plan = overlapPlan([
  localCluster(),
  clusterWith("c-1", agentWith(PIN.current), { nodeAgents: [nodeAgents(PIN.current)] }),
  clusterWith("c-2", agentWith(PIN.current), { permissions }),
  clusterWith("c-3", agentWith(PIN.current), { name: "c-3" }),
  clusterWith("c-5", undefined, { reach: "direct" }),
]);
const flagDay = replaceCertificate(plan, epochNamed(plan, "target"));
const refresh = refreshSteps(
  { ...plan, estate: { ...plan.estate, rancherVersion: "v2.1.14" }, epoch: epochNamed(plan, "current") },
  {
    id: "c-4",
    name: "paris",
    kubeSystemUid: "uid",
    reach: { kubeconfig: "/home/anna/paris.yaml", context: "paris", server: "https://paris.example.com:6443/" },
    comparisons: [{ subject: "pin", where: "Deployment", state: "stale", held: "", own: "", why: "" }],
  },
);
const own = backUpEstate({ kind: "operator", name: "farrier-r-1", resourceSet: "full", encryptionConfigSecret: "key" });
const snapshot = saveSnapshot({
  kind: "etcd-snapshot",
  by: "rke",
  name: "farrier-r-1",
  nodes: [{ host: "10.0.0.5" }],
  program: "rke",
  clusterFile: "/home/anna/cluster.yml",
});
const requested = requestSnapshot({
  kind: "cluster-object",
  cluster: { namespace: "fleet-default", name: "upstream" },
  kubeconfig: "/home/anna/other.yaml",
  context: "default",
  server: "https://other.example.com:6443/",
  nodes: ["node-1"],
});
const copy = copyContainer({
  kind: "container",
  container: { id: "0123456789ab", name: "rancher", version: "v2.15.0" },
  engine: { socket: "/var/run/docker.sock" },
  hot: false,
});
const steps = [...plan.stages.flatMap(stepsOf), flagDay, ...refresh, own, snapshot, requested, copy];

/** From Rancher's own CA to a private one, and the way back from the end of that. */
const members = [localCluster(), clusterWith("c-1", agentWith(PIN.current))];
const forth = assemblePlan(overlapInput(generatedEstate(members)));
const changed = helmReleased({ privateCA: true, "ingress.tls.source": "secret" });
const back = assemblePlan({
  ...overlapInput(generatedEstate(members, { ...changed, privateCa: true, tlsSource: "secret" })),
  direction: "rollback",
  goal: { bundle: forth.epochs[0]?.bundle ?? "", chain: forth.serving.current.chain, sealed: SEALED },
  ...(forth.release === undefined ? {} : { release: forth.release }),
});
const releaseSteps = [...forth.stages, ...back.stages]
  .flatMap(stepsOf)
  .filter(({ kind }) => ["upgrade-release", "delete-certificate", "remove-bundle"].includes(kind));

/** The rows of the two manual procedures, M1.1 to M1.12 and M2.1 to M2.10. */
const ROW = "(M1\\.([1-9]|1[0-2])|M2\\.([1-9]|10))";
const ROWS = new RegExp(`^${ROW}(, ${ROW})*$`);
/** `verb resource namespace [in cluster]`; resources outside of namespaces have none. */
const PERMISSION =
  /^(get|list|watch|create|patch|update|delete) (pods\/(log|exec)|[a-z0-9.-]+)( [a-z0-9-]+)?( in c-[a-z0-9-]+)?$/;

test("an overlap with both methods, a flag day, a refresh, and a way from another source and back have a step of every kind", () => {
  expect(new Set([...steps, ...releaseSteps].map(({ kind }) => kind))).toEqual(new Set(stepKindSchema.options));
});

test("each change of the release has a step of its own", () => {
  expect(releaseSteps.map(({ id }) => id)).toEqual([
    "rancher/upgrade-release@private-ca",
    "rancher/upgrade-release@own-certificate",
    "rancher/delete-certificate",
    "rancher/upgrade-release@as-before",
    "rancher/remove-bundle",
  ]);
});

test("every step has its own identity, made of whom and what", () => {
  expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
  for (const { id, kind, target, epoch } of steps) {
    const suffix = epoch === undefined || kind === "present-certificate" ? "" : `@${epoch}`;
    expect(id).toBe(`${target}/${kind}${suffix}`);
  }
});

describe.each([...new Map(steps.map((step) => [step.kind, step])).values(), ...releaseSteps])(
  "$id",
  ({ says, manual, permissions: needed }) => {
    test("says in one sentence what it does", () => {
      expect(says).toMatch(/^[A-Z][^.]*(\.[^ ][^.]*)*\.$/);
    });
    test("names the rows of the manual procedure and commands that a shell can read", () => {
      expect(manual.row).toMatch(ROWS);
      expect(manual.commands.length).toBeGreaterThan(0);
      execFileSync("bash", ["-n"], { input: manual.commands.join("\n") });
    });
    test("needs permissions in the words of access reviews", () => {
      for (const permission of needed) expect(permission).toMatch(PERMISSION);
    });
    test("holds no key", () => {
      expect(JSON.stringify(manual)).not.toContain("PRIVATE KEY");
    });
  },
);

describe("the commands avoid the traps of the manual procedure", () => {
  const commandsOf = (id: string) => steps.find((step) => step.id === id)?.manual.commands.join("\n") ?? "";

  test("arming sets pin and minReadySeconds in one patch of the agent's own container", () => {
    const [, patch = "{}"] = /-p '(.*)'/.exec(commandsOf("c-1/arm-agent@both")) ?? [];
    expect(JSON.parse(patch)).toEqual({
      spec: {
        minReadySeconds: 30,
        template: {
          spec: { containers: [{ name: "cluster-register", env: [{ name: "CATTLE_CA_CHECKSUM", value: PIN.both }] }] },
        },
      },
    });
  });
  test("no Secret is applied: that would leave an annotation with the key in clear", () => {
    for (const { manual } of steps) expect(manual.commands.join("\n")).not.toMatch(/kubectl[^\n]* apply/);
  });
  test("a token is tried before its Secret is removed, and people's tokens are not left out (M2.5)", () => {
    for (const [id, namespace] of [
      ["c-4/drop-agent-tokens", "cattle-system"],
      ["c-4/drop-person-tokens", "cattle-impersonation-system"],
    ] as const) {
      const commands = commandsOf(id);
      expect(commands.indexOf("%{http_code}")).toBeLessThan(commands.indexOf(`-n ${namespace} delete secret`));
    }
  });
  test("redeploying uses the annotation, which works with and without the status subresource", () => {
    expect(commandsOf("c-2/redeploy-agent@both")).toContain(
      "kubectl annotate clusters.management.cattle.io c-2 io.cattle.agent.force.deploy=true --overwrite",
    );
  });
  test("an upgrade keeps the version and every value, and never gives null, which would take the default away", () => {
    const upgrades = releaseSteps.flatMap(({ manual }) => manual.commands).filter((line) => line.includes(" upgrade "));
    expect(upgrades).toEqual([
      "helm -n cattle-system upgrade rancher CHART --version 2.15.1 --reuse-values --set privateCA=true",
      "helm -n cattle-system upgrade rancher CHART --version 2.15.1 --reuse-values --set ingress.tls.source=secret",
      "helm -n cattle-system upgrade rancher CHART --version 2.15.1 --reset-values --values values.yaml; rm -f values.yaml",
    ]);
  });
  test("a bundle is taken from the plan byte for byte and compared with the hash that agents take", () => {
    const commands = commandsOf("rancher/serve-bundle@both");
    expect(commands).toContain(`jq -j '.epochs[] | select(.name=="both").bundle' "\${PLAN:-plan.json}" > cacerts.pem`);
    expect(commands).toContain(`'${SERVER_URL}/v3/settings/cacerts' | jq -r .value | sha256sum  # ${PIN.both}`);
    expect(commands).toContain("rollout restart deployment/rancher");
  });
});
