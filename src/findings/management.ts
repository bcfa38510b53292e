/** What is said of Rancher, its management cluster, its certificates in use, and the access to them. Alphabetical by code. */
export const MANAGEMENT_FINDINGS = {
  "access.through-rancher": {
    severity: "error",
    meaning: "The management kubeconfig leads through Rancher, whose restart would cut Farrier off in the middle.",
    hint: "Use a kubeconfig that reaches the management cluster's own API server.",
  },
  "installation.certificate-elsewhere": {
    severity: "error",
    meaning: "The serving certificate is not in a Secret of the management cluster.",
    hint: "Name its Secret in the Ingress or the Gateway that leads to Rancher: certificates are changed there.",
  },
  "installation.certificate-issued": {
    severity: "error",
    meaning: "cert-manager makes the serving certificate and would put it back.",
    hint: "Change the chart's ingress.tls.source to secret first.",
  },
  "installation.chart-missing": {
    severity: "warning",
    meaning:
      "A value of Rancher's chart has to change, and the chart cannot be rebuilt from what Helm stores, or the one that was named is not it.",
    hint: "Name a chart of the version that is deployed with --chart: a directory, a .tgz file, a URL, or repository/name.",
  },
  "installation.gateway": {
    severity: "info",
    meaning: "A Gateway leads to Rancher, not an Ingress; its certificate is in the Secret that the Gateway names.",
    hint: "Nothing needs to be done: the Gateway follows its Secret as an ingress controller does.",
  },
  "installation.helm-unusable": {
    severity: "warning",
    meaning: "Values of Rancher's chart have to change, and there is no helm that could do it.",
    hint: "Install Helm 3 or 4 or name it with --helm. Without it, apply stops at the step and says which command to run by hand.",
  },
  "installation.helm2": {
    severity: "warning",
    meaning: "Rancher was installed by Helm 2, which no Helm of today can upgrade.",
    hint: "A rotation that changes no value of the chart works. For any other, migrate the release first (helm-2to3).",
  },
  "installation.no-private-ca": {
    severity: "error",
    meaning: "Rancher mounts no trust bundle, and no Helm release is there in which that could be changed.",
    hint: "Set privateCA and ingress.tls.source in whatever Rancher is installed from, as the guide says, then plan again.",
  },
  "installation.owned": {
    severity: "error",
    meaning: "Another tool keeps Rancher's Deployment, and values of its chart have to change.",
    hint: "Suspend that tool, or change the values in its source.",
  },
  "installation.release-failed": {
    severity: "warning",
    meaning: "The last upgrade of Rancher's Helm release has failed: what runs may differ from what its values say.",
    hint: "Look at helm history, and bring the release to an end that you want before anything else is changed.",
  },
  "installation.release-pending": {
    severity: "error",
    meaning: "An upgrade of Rancher's Helm release is under way, or was interrupted.",
    hint: "Wait for whoever upgrades. If nobody does, helm rollback to the last revision that was deployed.",
  },
  "permission.missing": {
    severity: "error",
    meaning: "The kubeconfig's account lacks a permission in the management cluster that the rotation needs.",
    hint: "Use an account that has it; cluster-admin has all of them.",
  },
  "permission.missing-in-cluster": {
    severity: "warning",
    meaning:
      "The token's account lacks a permission in a downstream cluster: its agent can only be redeployed by Rancher.",
    hint: "Use a token of an account that owns the cluster, or plan with the method redeploy for it.",
  },
  "rancher.not-ready": {
    severity: "error",
    meaning: "Not all of Rancher's replicas are ready.",
    hint: "Look at Rancher's pods; a rotation starts from a healthy Rancher.",
  },
  "rancher.replicas-disagree": {
    severity: "error",
    meaning: "Rancher's replicas serve different bundles.",
    hint: "Restart Rancher once, and see that all replicas started after the last change of tls-ca.",
  },
  "rancher.rolling-out": {
    severity: "error",
    meaning: "A rollout of Rancher is going on.",
    hint: "Wait for its end.",
  },
  "rancher.too-old": {
    severity: "error",
    meaning: "This Rancher is older than what Farrier knows how to prove a rotation on.",
    hint: "Upgrade Rancher to 2.6 or later first.",
  },
  "rancher.unreachable": {
    severity: "error",
    meaning: "Rancher's API gives no usable answer: a rotation is carried out and proved through it.",
    hint: "Check --server and the setting server-url, the network, and the certificate that is presented there.",
  },
  "rancher.version-unknown": {
    severity: "warning",
    meaning: "Rancher's version could not be understood.",
    hint: "Nothing needs to be done for a build of your own; else look at the setting server-version.",
  },
  "secret.owned": {
    severity: "error",
    meaning: "Another tool owns a Secret that the rotation writes, and would put it back.",
    hint: "Make the change in its source; or suspend its sync and take its marks off the Secret (Flux: annotate it kustomize.toolkit.fluxcd.io/reconcile=disabled).",
  },
  "serving.address-unreachable": {
    severity: "warning",
    meaning: "An address of Rancher's name does not answer.",
    hint: "Take it out of DNS, or mend it: agents that choose it cannot connect.",
  },
  "serving.ends-early": {
    severity: "error",
    meaning: "Today's serving certificate ends before the rotation may be over.",
    hint: "Renew it under today's CA first, or make the rotation shorter.",
  },
  "serving.not-trusted": {
    severity: "error",
    meaning: "Agents that connect anew refuse Rancher's present certificate.",
    hint: "Mend the present certificate or bundle first: a rotation starts from an estate that can reconnect.",
  },
  "serving.other-certificate": {
    severity: "warning",
    meaning: "An address presents another certificate than the Secret holds.",
    hint: "Look for an ingress replica that is late, or a load balancer that ends TLS before it.",
  },
  "target.ends-early": {
    severity: "error",
    meaning: "The target chain ends before the rotation may be over.",
    hint: "Have it issued with a longer life.",
  },
  "target.in-use": {
    severity: "info",
    meaning: "The target's serving certificate is in use already.",
    hint: "Nothing needs to be done if only the bundle changes.",
  },
  "target.strict-agents": {
    severity: "error",
    meaning:
      "Agents verify strictly, and the target is a public certificate: with no bundle of Rancher's they end at their start.",
    hint: "Set agent-tls-mode to system-store and have Rancher redeploy every agent; or stay with a private CA.",
  },
  "token.blind": {
    severity: "error",
    meaning: "The API token does not see all clusters.",
    hint: "Use the token of an administrator.",
  },
  "token.ends-early": {
    severity: "error",
    meaning: "The API token ends before the rotation may be over.",
    hint: "Make a token with a longer life.",
  },
  "token.invalid": {
    severity: "error",
    meaning: "Rancher does not accept the API token.",
    hint: "Make a new one in Rancher under Account & API Keys, without a cluster as scope.",
  },
  "token.sees-no-session": {
    severity: "warning",
    meaning:
      "The API token does not see a cluster that is dealt with past Rancher: that it has connected after the switch cannot be shown.",
    hint: "Use the token of an administrator; with this one the gate after the switch holds until the cluster is waived.",
  },
  "trust.from-environment": {
    severity: "error",
    meaning: "The bundle comes from Rancher's environment, and Rancher refuses to change it.",
    hint: "Remove CATTLE_CACERTS from the chart's extraEnv and use the Secret tls-ca.",
  },
  "trust.secret-differs": {
    severity: "error",
    meaning:
      "The Secret holds another bundle than Rancher serves; its next start would change every agent's pin at once.",
    hint: "Put the served bundle back into tls-ca, or restart Rancher on purpose when every agent can follow.",
  },
  "trust.served-differs": {
    severity: "error",
    meaning: "Rancher serves another bundle than the management cluster stores.",
    hint: "Check that the server's URL belongs to this management cluster; else restart Rancher.",
  },
  "trust.update-denied": {
    severity: "error",
    meaning:
      "A webhook denies Rancher the update of its own setting (2.15.0, rancher#56522): with another bundle it would not start.",
    hint: "Upgrade Rancher to 2.15.1 or later, whose webhook allows it.",
  },
  "trust.update-unknown": {
    severity: "warning",
    meaning: "Whether Rancher may update its setting could not be tried.",
    hint: "Give the kubeconfig's account the right to impersonate Rancher's service account, or upgrade from 2.15.0.",
  },
} as const;
