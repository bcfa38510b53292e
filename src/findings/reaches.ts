/** What is said of the ways to clusters that the configuration names besides Rancher's tunnel. Alphabetical by code. */
export const REACH_FINDINGS = {
  "reach.endpoint": {
    severity: "warning",
    meaning: "A cluster has an authorized endpoint in Rancher, over which its API server cannot be used.",
    hint: "Check that the endpoint's address is reached from here, and that kube-api-auth runs in the cluster; a new token is told to it through its tunnel. Until then the endpoint stands in for nothing.",
  },
  "reach.expired": {
    severity: "warning",
    meaning: "A cluster's own API server refuses the credentials that the configuration names for it.",
    hint: "Make the kubeconfig anew; check it with kubectl auth whoami. Until then the cluster depends on Rancher's tunnel.",
  },
  "reach.forbidden": {
    severity: "warning",
    meaning: "The account that the configuration names for a cluster may not read its agent.",
    hint: "Give it get on Deployments and list on pods in cattle-system, and get on namespaces.",
  },
  "reach.host-key": {
    severity: "error",
    meaning: "A node, or a jump host before it, shows another host key than the known one, or one that nobody knows.",
    hint: "Find out why. If it is right, put the new key into known_hosts; nothing was run on the node.",
  },
  "reach.invalid": {
    severity: "error",
    meaning: "What the configuration names as a way to a cluster cannot be used as it is.",
    hint: "Correct it in farrier.yaml, or remove it there.",
  },
  "reach.may-not": {
    severity: "warning",
    meaning: "The account that the configuration names for a cluster can look at its agent, and cannot arm it.",
    hint: "Give it patch on Deployments and list and delete on pods in cattle-system.",
  },
  "reach.other-cluster": {
    severity: "error",
    meaning: "A way that the configuration names for a cluster leads to another one.",
    hint: "Correct the kubeconfig or the context of that cluster in farrier.yaml.",
  },
  "reach.through-rancher": {
    severity: "error",
    meaning: "A kubeconfig that is to stand in for Rancher's tunnel leads through Rancher itself.",
    hint: "Name a context of the cluster's own API server; kubeconfigs from Rancher have one for each authorized endpoint.",
  },
  "reach.unproved": {
    severity: "error",
    meaning: "A way that the configuration names leads to a cluster that nothing shows to be the right one.",
    hint: "Check that it is managed by this Rancher: its namespace cattle-system has the annotation field.cattle.io/projectId.",
  },
  "reach.unreachable": {
    severity: "warning",
    meaning: "A cluster's own API server does not answer on the way that the configuration names.",
    hint: "Check the address, the network and the CA in the kubeconfig. Until then the cluster depends on Rancher's tunnel.",
  },
} as const;
