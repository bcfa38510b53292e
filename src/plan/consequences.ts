/** What people will notice, and what cannot be taken back. */
import type { Epoch, Plan, Stage } from "./plan.ts";

/** Alerts that fire while clusters are armed, in the words of the usual rule sets (kubernetes-mixin). */
export function alertsOf(stages: readonly Stage[]): string[] {
  const armed = stages.some(({ kind }) => kind === "arm");
  const steps = stages.flatMap(({ waves }) => waves.flatMap((wave) => wave.steps));
  const restarted = steps.some(({ target }) => target === "rancher");
  const rolled = steps.some(({ kind }) => kind === "roll-node-agents");
  return [
    ...(armed
      ? [
          "KubePodCrashLooping, in every armed cluster: the waiting pod of cattle-cluster-agent restarts until its bundle is served. It is meant to.",
          "KubeDeploymentReplicasMismatch and KubeDeploymentRolloutStuck for cattle-cluster-agent: an armed Deployment does not progress (ProgressDeadlineExceeded after 10 minutes).",
        ]
      : []),
    ...(rolled
      ? [
          "KubeDaemonSetRolloutStuck for cattle-node-agent, in every cluster that has node agents: it is updated OnDelete meanwhile, and once their bundle is served its pods are ended one node after the other.",
        ]
      : []),
    ...(restarted
      ? ["Rancher answers 502 or 503 for some seconds at each of its restarts, and every cluster dials again."]
      : []),
  ];
}

/** Moments after which something is lost that no rollback brings back. */
export function pointsOfNoReturn(
  stages: readonly Stage[],
  serving: Plan["serving"],
  epochs: readonly Epoch[],
): string[] {
  const points: string[] = [];
  const [current] = epochs;
  const final = epochs.at(-1);
  if (stages.some(({ kind }) => kind === "switch")) {
    const end = firstEnd(serving.current.certificates);
    if (end !== undefined)
      points.push(`A rollback is possible until ${end}, when the present certificate's chain ends.`);
  }
  if (stages.some(({ kind }) => kind === "replace")) {
    points.push(
      "At the flag day: the certificate of the beginning is refused by agents, so that no rollback leads back to it.",
    );
  }
  if (current !== undefined && final !== undefined && current.pin !== final.pin) {
    const kept = new Set(final.certificates.map(({ fingerprint }) => fingerprint));
    const dropped = current.certificates.filter(({ fingerprint }) => !kept.has(fingerprint));
    if (dropped.length > 0) {
      points.push(
        "When the target certificate is presented: kubeconfigs and scripts of people that hold only the present authority stop working until they are downloaded again.",
      );
    }
  }
  return points;
}

function firstEnd(certificates: Plan["serving"]["current"]["certificates"]): string | undefined {
  return certificates.map(({ notAfter }) => notAfter).toSorted()[0];
}
