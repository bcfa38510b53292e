/** What went wrong on the way to an API server, to Rancher or to a node. Alphabetical by code. */
import { type ErrorEntry, EXIT } from "./exit.ts";

export const CONNECTION_ERRORS = {
  "api.conflict": {
    exit: EXIT.failed,
    meaning: "Somebody else changed an object at the same time.",
    hint: "Look at the object and at who changes it, then run the command again.",
  },
  "api.deadline": {
    exit: EXIT.failed,
    meaning: "Something that was waited for in a cluster did not come in time.",
    hint: "Look at the object that the message names; running the command again goes on waiting.",
  },
  "api.forbidden": {
    exit: EXIT.failed,
    meaning: "The account may not do what was asked of the API server.",
    hint: "Use an account that may, or give it the permission that the message names.",
  },
  "api.not-found": {
    exit: EXIT.failed,
    meaning: "The API server knows no such object, or no such kind.",
    hint: "Check that the kubeconfig and the context name the right cluster.",
  },
  "api.refused": {
    exit: EXIT.failed,
    meaning: "The API server refuses the request and would do so again.",
    hint: "The message holds the server's own words.",
  },
  "api.unauthorized": {
    exit: EXIT.badInput,
    meaning: "The API server does not accept the credentials: they are wrong, or have expired.",
    hint: "Renew the kubeconfig or the token, and check it with kubectl auth whoami.",
  },
  "api.unavailable": {
    exit: EXIT.failed,
    meaning: "The API server, or something before it, is busy or starting.",
    hint: "Try again in a moment.",
  },
  "api.unreachable": {
    exit: EXIT.failed,
    meaning: "No connection to the API server could be made, or it broke.",
    hint: "Check the address, the network, and any proxy or VPN between here and there.",
  },
  "api.untrusted": {
    exit: EXIT.failed,
    meaning: "A server presents a certificate that does not verify. Farrier never goes on without verification.",
    hint: "Check that the address is the right one and that the CA that is configured for it signed its certificate.",
  },
  "kubeconfig.context": {
    exit: EXIT.badInput,
    meaning: "The kubeconfig has no such context.",
    hint: "Name one of its contexts with --context; kubectl config get-contexts lists them.",
  },
  "kubeconfig.credentials": {
    exit: EXIT.badInput,
    meaning: "The kubeconfig's way to get credentials (a plugin or a file) failed.",
    hint: "Run kubectl get namespaces with the same kubeconfig and context, and mend what it reports.",
  },
  "kubeconfig.insecure": {
    exit: EXIT.badInput,
    meaning: "The kubeconfig reaches its API server without verified TLS.",
    hint: "Put the API server's CA into certificate-authority-data and remove insecure-skip-tls-verify.",
  },
  "kubeconfig.invalid": {
    exit: EXIT.badInput,
    meaning: "A file is not a kubeconfig, or its parts do not fit together.",
    hint: "Check it with kubectl config view --kubeconfig FILE.",
  },
  "kubeconfig.through-rancher": {
    exit: EXIT.badInput,
    meaning:
      "The kubeconfig that is named for a cluster leads through Rancher: it ends with the tunnel that it is to stand in for.",
    hint: "Name a context that leads to the cluster's own API server; kubeconfigs from Rancher have one for each authorized endpoint.",
  },
  "rancher.not-a-rancher": {
    exit: EXIT.badInput,
    meaning: "The server at the given URL is not a Rancher.",
    hint: "Give Rancher's own URL, as in its setting server-url.",
  },
  "rancher.not-found": {
    exit: EXIT.badInput,
    meaning: "The cluster of the kubeconfig runs no Rancher.",
    hint: "Use a kubeconfig of the management cluster, the one that Rancher calls local.",
  },
  "rancher.token-refused": {
    exit: EXIT.badInput,
    meaning: "Rancher does not accept the API token: it is wrong, or has expired.",
    hint: "Make a new one in Rancher under Account & API Keys, without a cluster as scope, and name its file with --token-file.",
  },
  "reach.other-cluster": {
    exit: EXIT.badInput,
    meaning: "A way that farrier.yaml names for a cluster leads to another cluster, or nothing shows to which.",
    hint: "Correct the kubeconfig or context of that cluster in farrier.yaml.",
  },
  "ssh.failed": {
    exit: EXIT.failed,
    meaning: "What was run on a node by SSH failed.",
    hint: "Log in to the node and look whether sh, cat and, on RKE1, docker work for that user.",
  },
  "ssh.host-key": {
    exit: EXIT.failed,
    meaning: "The host key of a node, or of a jump host before it, is not the known one. Nothing was run there.",
    hint: "Find out why it has changed; if that is right, put the new key into known_hosts (ssh-keygen -R, then ssh-keyscan, compared at the console).",
  },
  "ssh.missing": {
    exit: EXIT.failed,
    meaning: "The program ssh is not installed here.",
    hint: "Install OpenSSH's client.",
  },
  "ssh.no-forwarding": {
    exit: EXIT.failed,
    meaning: "A node's SSH server forwards no ports, and what is to be done cannot be done by kubectl there.",
    hint: "Let its SSH server forward ports for that user (AllowTcpForwarding local), or name a kubeconfig of the cluster.",
  },
  "ssh.no-kubectl": {
    exit: EXIT.failed,
    meaning:
      "A node's SSH server forwards no ports, and there is no kubectl on the node, nor the agent's image to run it in.",
    hint: "Let its SSH server forward ports for that user (AllowTcpForwarding local), or put kubectl on the node's path.",
  },
  "ssh.no-kubeconfig": {
    exit: EXIT.failed,
    meaning: "No administrator's kubeconfig can be read on a node.",
    hint: "Name a control-plane node; where only root may read it, set become: true; where it is elsewhere, name its path with kubeconfig.",
  },
  "ssh.refused": {
    exit: EXIT.failed,
    meaning: "A node does not let Farrier in: the key is not accepted, or sudo asks for a password.",
    hint: "Try ssh -o BatchMode=yes to that node; a key with a passphrase must be in an agent, and sudo must work without a password.",
  },
  "ssh.unreachable": {
    exit: EXIT.failed,
    meaning: "A node does not answer by SSH.",
    hint: "Check host, port, jump host and network: ssh -v to that node shows where it ends.",
  },
} as const satisfies Record<string, ErrorEntry>;
