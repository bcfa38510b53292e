/** What is said of how Rancher reaches a cluster's own API. Alphabetical by code. */
export const REFRESH_FINDINGS = {
  "refresh.ca-stale": {
    severity: "info",
    meaning: "Rancher holds another CA for a cluster than the cluster has: it refuses the cluster's certificate.",
    hint: "The refresh lets the agent report the CA of now, and writes it if Rancher does not take it over.",
  },
  "refresh.clock": {
    severity: "warning",
    meaning:
      "A cluster's clock differs from this machine's, or a certificate counts as not yet valid or as expired: a clock may be wrong, and no CA or token is.",
    hint: "Compare the clocks of Rancher's nodes, of the cluster's nodes and of this machine; renew what has really expired.",
  },
  "refresh.container-unnamed": {
    severity: "warning",
    meaning:
      "Rancher runs in no Deployment, and its version keeps copies of cluster objects until it is restarted: nobody has said which container it runs in.",
    hint: "Name it with --container (and --engine-socket): Farrier restarts it then. Or restart it by hand when the refresh stops for that, and apply again.",
  },
  "refresh.container-unusable": {
    severity: "error",
    meaning: "The container that was named cannot be restarted, or is not the one that this Rancher runs in.",
    hint: "Name another container or engine, or leave --container out and restart Rancher by hand when the refresh stops for that.",
  },
  "refresh.driver": {
    severity: "error",
    meaning: "Rancher has a cluster's CA and token from its hosting provider, not from its agent.",
    hint: "Have Rancher read them anew: see its documentation of hosted clusters (AKS, EKS, GKE, Alibaba).",
  },
  "refresh.kubeconfig-ca": {
    severity: "error",
    meaning:
      "The kubeconfig that was given for a cluster does not verify the cluster's certificate: it may hold the CA of before.",
    hint: "Give a kubeconfig that was made after the cluster's certificates changed.",
  },
  "refresh.kubeconfig-credentials": {
    severity: "error",
    meaning: "The cluster refuses the credentials of the kubeconfig that was given for it: they may be of before.",
    hint: "Give a kubeconfig that was made after the cluster's keys changed.",
  },
  "refresh.network": {
    severity: "warning",
    meaning:
      "Rancher does not reach a cluster although its CA and its token are right: it is the network, or the agent.",
    hint: "Look at the agent's pods and log in that cluster, and at what lies between it and Rancher.",
  },
  "refresh.no-agent": {
    severity: "error",
    meaning: "A cluster has no service account of Rancher's agent: nothing there could report to Rancher.",
    hint: "Check that the kubeconfig leads to the right cluster; one that was emptied must be imported again.",
  },
  "refresh.node-agents-left": {
    severity: "warning",
    meaning:
      "Node agents pin another bundle than Rancher serves: started anew they would not come back, so a refresh leaves their pods alone.",
    hint: "Moving them is a rotation's business: farrier check names them, and the next farrier plan begins with them.",
  },
  "refresh.other-cluster": {
    severity: "error",
    meaning: "The kubeconfig leads to another cluster than the one that was named.",
    hint: "Name the right context with --cluster-context.",
  },
  "refresh.person-tokens-stale": {
    severity: "info",
    meaning:
      "Tokens by which Rancher brings people's requests to a cluster are refused there: every request of theirs fails.",
    hint: "The refresh removes them; Rancher makes each anew at that person's next request.",
  },
  "refresh.pin-differs": {
    severity: "error",
    meaning: "Pods of an agent pin different bundles, not all of them the served one: a rotation has armed it.",
    hint: "End the rotation that is under way first, or see farrier check; then refresh.",
  },
  "refresh.pin-stale": {
    severity: "warning",
    meaning:
      "Rancher's bundle has changed as well as a cluster's own keys: the agent pins the bundle of before, and would not come back from a restart.",
    hint: "The refresh gives it the present pin first, and then sees to the cluster's keys.",
  },
  "refresh.recreated": {
    severity: "error",
    meaning:
      "A cluster was made anew rather than given new keys: the account that Rancher's token is for is not there any more.",
    hint: "Remove the cluster from Rancher and import it again.",
  },
  "refresh.token-stale": {
    severity: "info",
    meaning: "The cluster refuses the token that Rancher holds for it.",
    hint: "The refresh has a new one made and waits until Rancher holds it.",
  },
  "refresh.unreachable": {
    severity: "error",
    meaning: "A cluster's own API server cannot be reached with the kubeconfig that was given for it.",
    hint: "Check the server's address in the kubeconfig and the way there.",
  },
} as const;
