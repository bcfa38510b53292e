/** What is said of agents, clusters and whatever else in them trusts the certificate. Alphabetical by code. */
export const AGENT_FINDINGS = {
  "agent.armed": {
    severity: "info",
    meaning: "An agent straddles two pins: somebody has armed it.",
    hint: "Nothing needs to be done if a rotation is under way; otherwise roll its Deployment back.",
  },
  "agent.credentials-missing": {
    severity: "warning",
    meaning: "The Secret with which an agent registers is missing; pods that run go on, and none can start.",
    hint: "A rotation makes it anew before anything else. By hand, while the tunnel lives: kubectl annotate clusters.management.cattle.io/<id> io.cattle.agent.force.deploy=true --overwrite",
  },
  "agent.features-missing": {
    severity: "warning",
    meaning: "An agent lacks CATTLE_FEATURES, so that its cluster cannot count as connected (rancher#57462).",
    hint: "Have Rancher apply it again: kubectl annotate clusters.management.cattle.io/<id> io.cattle.agent.force.deploy=true --overwrite",
  },
  "agent.latent-mismatch": {
    severity: "error",
    meaning: "An agent works only until its next restart: it pins another bundle than the one that is served.",
    hint: "While its tunnel lives, have Rancher apply it again: kubectl annotate clusters.management.cattle.io/<id> io.cattle.agent.force.deploy=true --overwrite",
  },
  "agent.missing": {
    severity: "warning",
    meaning: "A cluster that answers has no cluster agent where Rancher puts it.",
    hint: "Look at how the cluster is connected; Farrier moves cattle-system/cattle-cluster-agent only.",
  },
  "agent.no-pin": {
    severity: "warning",
    meaning: "An agent pins no bundle although Rancher serves one.",
    hint: "Have Rancher apply it again with the force-deploy annotation, so that it gets the present pin.",
  },
  "agent.other-server": {
    severity: "warning",
    meaning: "An agent connects to another URL than Rancher's server-url.",
    hint: "See that the target certificate is valid for that name, too, or have Rancher apply the agent again.",
  },
  "agent.pin-variant": {
    severity: "error",
    meaning: "An agent pins a variant of the bundle that differs from what is served in white space or line ends.",
    hint: "Have Rancher apply it again with the force-deploy annotation while its tunnel lives; it gets the pin of what is served.",
  },
  "agent.redeploy-pending": {
    severity: "warning",
    meaning: "Rancher was asked to redeploy an agent and has not done so yet.",
    hint: "Wait until it is done; it needs the cluster's tunnel.",
  },
  "agent.replicas-disagree": {
    severity: "error",
    meaning: "Replicas of one agent pin different bundles, and no rollout would end that.",
    hint: "Look at the agent's pods and ReplicaSets, and let its Deployment come to rest.",
  },
  "agent.rolling-out": {
    severity: "warning",
    meaning: "A rollout of an agent is going on that Farrier did not start.",
    hint: "Wait for its end, or find out what keeps it.",
  },
  "agent.rollout-paused": {
    severity: "error",
    meaning: "The rollout of an agent's Deployment is paused: a new pin would not reach its pods.",
    hint: "Find out who paused it, then kubectl -n cattle-system rollout resume deploy/cattle-cluster-agent.",
  },
  "cluster.disconnected": {
    severity: "warning",
    meaning: "Rancher has no connection to a cluster: its agent cannot be moved now.",
    hint: "Reconnect it, remove it from Rancher, or plan without it: it holds the gates until it is waived.",
  },
  "cluster.not-ready": {
    severity: "warning",
    meaning: "A cluster is connected, and Rancher cannot use its API.",
    hint: "Look at the cluster's conditions in Rancher; where its own CA or keys have changed, farrier refresh comes before a rotation.",
  },
  "cluster.unreachable": {
    severity: "warning",
    meaning: "A cluster counts as connected, and its API does not answer through Rancher.",
    hint: "Look at the agent's log and at the token's rights in that cluster; where its own CA or keys have changed, farrier refresh comes before a rotation.",
  },
  "consumer.kubeconfigs": {
    severity: "info",
    meaning: "Kubeconfigs that people downloaded embed the bundle, and stop working when it is dropped.",
    hint: "Tell their owners to download them again while both bundles are served.",
  },
  "consumer.unmovable": {
    severity: "warning",
    meaning: "Something else in a cluster trusts the certificate, and this version cannot move it.",
    hint: "Move it by hand in time, then waive the cluster by name: until then it holds the gates.",
  },
  "estate.gap": {
    severity: "warning",
    meaning: "A part of the estate could not be looked at, so that nothing is known about it.",
    hint: "Mend what the sentence names and look again.",
  },
} as const;
