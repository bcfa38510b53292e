/** `docs/steps.md`: each kind of step as its declaration describes it, for an estate of examples. */

import type { Epoch, RefreshedCluster, Step } from "../src/plan/plan.ts";
import { refreshSteps } from "../src/plan/refresh/assemble-refresh.ts";
import { armAgent } from "../src/plan/steps/arm-agent.ts";
import { armNodeAgents } from "../src/plan/steps/arm-node-agents.ts";
import { backUpEstate } from "../src/plan/steps/back-up-estate.ts";
import type { StepContext } from "../src/plan/steps/context.ts";
import { copyContainer } from "../src/plan/steps/copy-container.ts";
import { deleteCertificate } from "../src/plan/steps/delete-certificate.ts";
import { presentCertificate } from "../src/plan/steps/present-certificate.ts";
import { proveDecryption } from "../src/plan/steps/prove-decryption.ts";
import { proveTrust } from "../src/plan/steps/prove-trust.ts";
import { reapplyAgent } from "../src/plan/steps/reapply-agent.ts";
import { redeployAgent } from "../src/plan/steps/redeploy-agent.ts";
import { removeBundle } from "../src/plan/steps/remove-bundle.ts";
import { renewRancher } from "../src/plan/steps/renew-rancher.ts";
import { replaceCertificate } from "../src/plan/steps/replace-certificate.ts";
import { requestSnapshot } from "../src/plan/steps/request-snapshot.ts";
import { restartAgent } from "../src/plan/steps/restart-agent.ts";
import { restartRancher } from "../src/plan/steps/restart-rancher.ts";
import { rollAgent } from "../src/plan/steps/roll-agent.ts";
import { rollNodeAgents } from "../src/plan/steps/roll-node-agents.ts";
import { saveObjects } from "../src/plan/steps/save-objects.ts";
import { saveSnapshot } from "../src/plan/steps/save-snapshot.ts";
import { serveBundle } from "../src/plan/steps/serve-bundle.ts";
import { settleAgent } from "../src/plan/steps/settle-agent.ts";
import { settleNodeAgents } from "../src/plan/steps/settle-node-agents.ts";
import { upgradeRelease } from "../src/plan/steps/upgrade-release.ts";

const both: Epoch = { name: "both", bundle: "", pin: "PIN", certificates: [] };
const serving: StepContext["serving"]["target"] = {
  chain: "",
  certificates: [],
  sealed: { file: "backups/serving-target.age", sha256: "" },
};
const context: StepContext = {
  rotation: "r-20270131-00000000",
  direction: "forward",
  estate: { kubeSystemUid: "", serverUrl: "https://rancher.example.com", rancherVersion: "" },
  rancher: {
    namespace: "cattle-system",
    deployment: "rancher",
    servingSecret: "tls-rancher-ingress",
    trustSecret: "tls-ca",
  },
  release: {
    name: "rancher",
    namespace: "cattle-system",
    chart: { name: "rancher", version: "VERSION" },
    changes: [{ name: "private-ca", values: [{ path: "privateCA", to: true }] }],
  },
  epochs: [both],
  serving: { current: serving, target: serving },
  armingMinReadySeconds: 30,
};
const paris = { id: "c-abc12", name: "paris" };
const refreshed: RefreshedCluster = {
  ...paris,
  kubeSystemUid: "",
  reach: { kubeconfig: "paris.yaml", context: "paris", server: "https://paris.example.com:6443/" },
  // All that a step is declared by: whether the agent needs another pin first.
  comparisons: [{ subject: "pin", where: "", state: "stale", held: "", own: "", why: "" }],
};

/** One of each kind, in the order in which a rotation comes to them, and then a refresh. */
export const EXAMPLE_STEPS: readonly Step[] = [
  saveObjects(context),
  backUpEstate({ kind: "operator", name: "farrier-r-20270131-00000000", resourceSet: "rancher-resource-set-full" }),
  copyContainer({
    kind: "container",
    container: { id: "", name: "rancher", version: "v2.15.0" },
    engine: { socket: "" },
    hot: false,
  }),
  saveSnapshot({
    kind: "etcd-snapshot",
    by: "rke",
    name: "farrier-r-20270131-00000000",
    nodes: [{ host: "NODE" }],
    program: "rke",
    clusterFile: "cluster.yml",
  }),
  requestSnapshot({
    kind: "cluster-object",
    cluster: { namespace: "fleet-default", name: "upstream" },
    kubeconfig: "other-rancher.yaml",
    context: "default",
    server: "",
    nodes: ["node-1", "node-2", "node-3"],
  }),
  proveDecryption(),
  reapplyAgent(context, { ...paris, reach: "direct" }, both),
  armAgent(context, paris, both),
  armNodeAgents(context, paris, both),
  serveBundle(context, both),
  rollAgent(context, paris, both),
  rollNodeAgents(context, paris, both),
  redeployAgent(context, paris, both),
  presentCertificate(context),
  restartAgent(context, paris, both),
  restartRancher(context),
  replaceCertificate(context, both),
  settleAgent(context, paris, 0),
  settleNodeAgents(context, paris, [
    {
      name: "cattle-node-agent",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%" } },
      minReadySeconds: 0,
    },
  ]),
  proveTrust(context, both),
  ...refreshSteps({ ...context, epoch: both }, refreshed),
  renewRancher(refreshed, context),
  upgradeRelease(context, "private-ca", both),
  deleteCertificate(context),
  removeBundle(context),
];

/** The whole page; `note` says where it comes from. */
export function stepsDocument(note: string): string {
  return `# Steps

${note}

What a rotation and a refresh are made of, by kind. The examples are for cluster \`paris\` (\`c-abc12\`) of
\`https://rancher.example.com\` and for the bundle with both authorities, whose hash stands as \`PIN\`. \`farrier plan --manual\`
prints the same for a plan of yours.

The commands assume a shell in the rotation's directory, the management cluster's own kubeconfig, and an API token of
Rancher in \`RANCHER_TOKEN\`. Rows \`M1.1\` to \`M1.12\` are those of the [manual procedure](guide/en/by-hand.md), rows
\`M2.1\` to \`M2.10\` those for [a cluster whose own keys have changed](guide/en/refresh.md).

${EXAMPLE_STEPS.map(section).join("\n")}`;
}

function section({ id, kind, says, manual, permissions, undo }: Step): string {
  const needed = permissions.map((permission) => `- \`${permission}\`\n`).join("");
  return `## ${kind}

${says}

Identity: \`${id}\`. Row: ${manual.row}. ${undoing(undo)}

${needed === "" ? "It needs no permission in a cluster.\n" : `It needs permission to:\n\n${needed}`}
By hand:

\`\`\`sh
${manual.commands.join("\n")}
\`\`\`
`;
}

function undoing(undo: Step["undo"]): string {
  switch (undo.kind) {
    case "planned":
      return `Undoing: ${undo.how}`;
    case "nothing-to-undo":
      return "There is nothing to undo.";
    case "irreversible":
      return `It cannot be undone: ${undo.why}`;
  }
}
