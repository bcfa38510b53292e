import type { Epoch, Step } from "../plan.ts";
import { type PlannedValue, type ReleaseChangeName, valuesOfChange } from "../release.ts";
import { usesSystemStore } from "../system-store.ts";
import { agentsBundle, compareServed, restartRancher, writeBundle } from "./commands.ts";
import { bundleCalled, type StepContext } from "./context.ts";

/**
 * `rancher/upgrade-release@<change>`: values of the chart change, and nothing else of the release. With `private-ca` the
 * Secret that the chart mounts is made first: without it, Rancher's pods would wait for it for ever.
 */
export function upgradeRelease(context: StepContext, change: ReleaseChangeName, epoch: Epoch): Step {
  const { namespace, trustSecret } = context.rancher;
  const values = valuesOfChange(context.release, change);
  const unmounts = change === "no-private-ca" || (change === "as-before" && usesSystemStore(epoch));
  const setting = values.map(valueCalled).join(" and ");
  const bundle =
    change === "private-ca"
      ? [writeBundle(epoch), `kubectl -n ${namespace} create secret generic ${trustSecret} --from-file=cacerts.pem`]
      : [];
  const first =
    change === "private-ca" ? `Create Secret ${namespace}/${trustSecret} with the ${bundleCalled(epoch)}, and ` : "";
  const upgrade = `upgrade Helm release ${releaseCalled(context)} with ${setting}`;
  return {
    id: `rancher/upgrade-release@${change}`,
    kind: "upgrade-release",
    target: "rancher",
    epoch: epoch.name,
    change,
    says: `${first === "" ? upgrade.replace("upgrade", "Upgrade") : first + upgrade}${unmounts ? ", so that Rancher serves no bundle" : ""}; its chart and all other values stay.`,
    manual: {
      row: change === "own-certificate" ? "M1.5, M1.6, M1.7" : "M1.3, M1.5, M1.6, M1.7, M1.8",
      commands: [
        ...bundle,
        ...upgradeCommands(context, values),
        ...(change === "own-certificate"
          ? []
          : [...restartRancher(context).slice(1), agentsBundle(), compareServed(context, epoch)]),
      ],
    },
    permissions: [
      `list secrets ${namespace}`,
      `create secrets ${namespace}`,
      `update secrets ${namespace}`,
      `patch deployments.apps ${namespace}`,
      `patch ingresses.networking.k8s.io ${namespace}`,
      ...(change === "private-ca" ? [] : [`delete issuers.cert-manager.io ${namespace}`]),
    ],
    undo: {
      kind: "planned",
      how: "A rollback gives the release the values of the beginning, as its last step but one.",
    },
  };
}

function upgradeCommands({ release }: StepContext, values: readonly PlannedValue[]): string[] {
  if (release === undefined) return [];
  const { name, namespace, chart } = release;
  const set = values.filter(({ to }) => to !== undefined).map(({ path, to }) => `--set ${path}=${String(to)}`);
  const gone = values.filter(({ to }) => to === undefined).map(({ path }) => path);
  const upgrade = `helm -n ${namespace} upgrade ${name} CHART --version ${chart.version}`;
  const which = "# CHART is a chart of that very version: repository/rancher, a directory, or a .tgz file.";
  if (gone.length === 0) {
    return [
      `helm -n ${namespace} get values ${name}  # all of these stay`,
      which,
      `${upgrade} --reuse-values ${set.join(" ")}`,
    ];
  }
  return [
    "# They may hold passwords; umask keeps them to yourself.",
    `umask 077; helm -n ${namespace} get values ${name} -o yaml > values.yaml`,
    `# Take away in values.yaml: ${gone.join(", ")}. All others stay.`,
    which,
    `${[upgrade, "--reset-values --values values.yaml", ...set].join(" ")}; rm -f values.yaml`,
  ];
}

function valueCalled({ path, to }: PlannedValue): string {
  return to === undefined ? `the chart's own ${path}` : `${path}=${String(to)}`;
}

function releaseCalled({ release }: StepContext): string {
  return release === undefined ? "of Rancher" : `${release.namespace}/${release.name}`;
}
