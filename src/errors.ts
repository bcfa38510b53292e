/**
 * The catalogue of errors. An error has a stable code, one sentence that names the thing that is wrong,
 * and a hint that says what to do; the code decides the exit code. `docs/errors.md` is made from this file.
 */

/** What the process tells its caller; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  failed: 1,
  badInput: 2,
  checksFoundErrors: 3,
  held: 4,
  stale: 5,
  locked: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface ErrorEntry {
  readonly exit: ExitCode;
  /** What the code means, for the documentation. The sentence of a thrown error names the actual thing. */
  readonly meaning: string;
  /** What to do about it, unless the throwing code knows better. */
  readonly hint: string;
}

export const ERRORS = {
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
  "input.certificate-malformed": {
    exit: EXIT.badInput,
    meaning: "A certificate is encoded in a way that the agents' Go code cannot parse.",
    hint: "Have it issued again; the message says what is wrong and at which byte.",
  },
  "input.key-malformed": {
    exit: EXIT.badInput,
    meaning: "A file holds no private key, more than one, or one that cannot be read.",
    hint: "Name a file with exactly one private key in PEM: PKCS#8, PKCS#1 or SEC1.",
  },
  "input.key-passphrase": {
    exit: EXIT.badInput,
    meaning: "A private key is encrypted, and the passphrase is missing or wrong.",
    hint: "Give the passphrase with --key-passphrase-file, or in the environment variable FARRIER_KEY_PASSPHRASE.",
  },
  "input.needs-conversion": {
    exit: EXIT.badInput,
    meaning: "A file holds certificates or keys in another format than PEM: DER, PKCS#7, PKCS#12 or UTF-16 text.",
    hint: "Convert it with the command that the message names.",
  },
  "input.file-missing": {
    exit: EXIT.badInput,
    meaning: "A file or directory that was named does not exist.",
    hint: "Check the path; relative paths start at the current directory.",
  },
  "input.file-unreadable": {
    exit: EXIT.badInput,
    meaning: "A file that was named cannot be read.",
    hint: "Check its permissions, and that it is a regular file.",
  },
  "input.file-empty": {
    exit: EXIT.badInput,
    meaning: "A file that was named is empty.",
    hint: "Check that the command that was to write it succeeded.",
  },
  "input.file-exists": {
    exit: EXIT.badInput,
    meaning: "A file that would be written is already there.",
    hint: "Choose another directory, or give --force to overwrite.",
  },
  "input.file-too-large": {
    exit: EXIT.badInput,
    meaning: "A file that was named is far too large for what it should hold.",
    hint: "Name the PEM file itself: certificates and keys are a few kilobytes.",
  },
  "input.file-unwritable": {
    exit: EXIT.badInput,
    meaning: "A file that was named cannot be written.",
    hint: "Check the directory's permissions and the space on its disk.",
  },
  "input.not-pem": {
    exit: EXIT.badInput,
    meaning: "A file holds no PEM block of the kind that is needed.",
    hint: "Check that it is the file that you mean; certificates and keys in another format are converted with openssl.",
  },
  "input.cluster-ambiguous": {
    exit: EXIT.badInput,
    meaning: "Several clusters have the name that was given.",
    hint: "Name the cluster by its id.",
  },
  "input.cluster-unknown": {
    exit: EXIT.badInput,
    meaning: "No cluster has the id, name or URL that was given.",
    hint: "farrier observe lists all clusters.",
  },
  "input.not-confirmed": {
    exit: EXIT.badInput,
    meaning: "A command that changes the estate needs a person's yes, and nobody could be asked.",
    hint: "Look at the plan, then run the command again with --yes.",
  },
  "input.invalid": {
    exit: EXIT.badInput,
    meaning: "A value on the command line, in the environment or in farrier.yaml is not valid.",
    hint: "See the command's --help.",
  },
  "input.usage": {
    exit: EXIT.badInput,
    meaning: "The command line cannot be understood.",
    hint: "See farrier --help.",
  },
  "backup.altered": {
    exit: EXIT.badInput,
    meaning: "A sealed file in backups/ is not the one that the plan or the journal names.",
    hint: "Put the rotation's directory back as it was, from a copy of it.",
  },
  "backup.cannot-decrypt": {
    exit: EXIT.badInput,
    meaning: "A sealed file in backups/ cannot be decrypted.",
    hint: "Name the identity that the rotation was made for: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.identity-invalid": {
    exit: EXIT.badInput,
    meaning: "The age identity cannot be read or is not one.",
    hint: "Name a file made by farrier or age-keygen: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.identity-missing": {
    exit: EXIT.badInput,
    meaning: "There is no age identity where one is needed to open the rotation's backups.",
    hint: "Name the identity that the rotation was made for: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.incomplete": {
    exit: EXIT.failed,
    meaning: "A copy ended before its end, or is not what was read: it was thrown away.",
    hint: "The message says where it ended. Mend that, and run the command again.",
  },
  "backup.missing": {
    exit: EXIT.badInput,
    meaning: "A file of backups/ is missing.",
    hint: "Put the rotation's directory back as it was, from a copy of it.",
  },
  "backup.recipient-invalid": {
    exit: EXIT.badInput,
    meaning: "A recipient of the backups is not an age recipient.",
    hint: "Recipients start with age1; farrier.yaml lists them under recipients.",
  },
  "engine.container-unknown": {
    exit: EXIT.badInput,
    meaning: "The container engine has no container of the name or id that was given.",
    hint: "docker ps --all, or podman ps --all, lists them.",
  },
  "engine.container-unsuitable": {
    exit: EXIT.badInput,
    meaning:
      "The container is none that this can be done with: it is no Rancher server, or was started in another way.",
    hint: "Name the container that runs rancher/rancher: docker ps shows each with its image.",
  },
  "engine.refused": {
    exit: EXIT.failed,
    meaning: "The container engine would not do what it was asked for.",
    hint: "The message holds the engine's own words.",
  },
  "engine.unreachable": {
    exit: EXIT.failed,
    meaning: "No container engine answers at the socket.",
    hint: "Start it (Podman: podman system service), or name its socket with --engine-socket; root may be needed.",
  },
  "helm.chart-unusable": {
    exit: EXIT.failed,
    meaning: "The chart of Rancher's Helm release cannot be used for its upgrade.",
    hint: "Name a chart of the version that is deployed with --chart: a directory, a .tgz file, or repository/name.",
  },
  "helm.missing": {
    exit: EXIT.failed,
    meaning: "There is no helm program, and a value of Rancher's chart has to change.",
    hint: "Install Helm 3 or 4, name it with --helm, or run the command by hand; then farrier apply goes on.",
  },
  "helm.release-unreadable": {
    exit: EXIT.failed,
    meaning: "What Helm stores of a release in the cluster cannot be read.",
    hint: "Look at helm history of the release with a version of Helm that wrote it.",
  },
  "helm.unsuitable": {
    exit: EXIT.failed,
    meaning: "The helm program is of a version that cannot upgrade what Helm 3 or 4 has stored.",
    hint: "Install Helm 3 or 4, name it with --helm, or run the command by hand; then farrier apply goes on.",
  },
  "helm.upgrade-failed": {
    exit: EXIT.failed,
    meaning: "helm upgrade of Rancher's release failed.",
    hint: "Mend what Helm names; farrier apply tries again with the same values.",
  },
  "journal.broken": {
    exit: EXIT.badInput,
    meaning: "The journal was edited, lacks lines or belongs to another rotation: its chain of hashes does not hold.",
    hint: "Put the journal back from a copy of the directory, or rebuild it from the estate with farrier adopt.",
  },
  "journal.head-differs": {
    exit: EXIT.failed,
    meaning: "The journal is not the one that the estate vouches for: it was cut off, replaced, or belongs to a copy.",
    hint: "Look for the directory in which the rotation was carried on; farrier adopt begins a new journal if it is lost.",
  },
  "lock.held": {
    exit: EXIT.locked,
    meaning: "Another process holds the estate, or has gone further with this rotation than this directory knows.",
    hint: "Go on where it was last worked on. If that is lost, farrier apply --take-over, or farrier adopt.",
  },
  "plan.bundle-needed": {
    exit: EXIT.badInput,
    meaning: "The target certificate needs another trust bundle than the present one, and none was given.",
    hint: "Name the bundle that agents shall trust in the end with --cacerts.",
  },
  "plan.edited": {
    exit: EXIT.badInput,
    meaning: "The plan was edited: what it says is no longer what farrier plan found and checked.",
    hint: "Put back the plan.json that farrier plan wrote. To plan otherwise, change farrier.yaml and make a new plan.",
  },
  "plan.invalid": {
    exit: EXIT.badInput,
    meaning: "The plan is not one that Farrier wrote: something in it is missing or has another shape.",
    hint: "Put back the plan.json that farrier plan wrote, or make a new plan.",
  },
  "plan.no-procedure": {
    exit: EXIT.badInput,
    meaning: "The change needs a procedure that this version does not have.",
    hint: "This version does renew, overlap and replace: one private authority to another.",
  },
  "plan.overlap-possible": {
    exit: EXIT.badInput,
    meaning: "A flag day was asked for, and the change can be made without cutting anybody off.",
    hint: "Plan without --replace.",
  },
  "plan.other-version": {
    exit: EXIT.badInput,
    meaning: "The plan was written by another version of Farrier, in a format that this one does not know.",
    hint: "Use the version that wrote the plan, or make a new plan.",
  },
  "plan.stale": {
    exit: EXIT.stale,
    meaning: "The estate is not as it was when the plan was made, or it is another estate.",
    hint: "Look at the difference, then make a new plan.",
  },
  "plan.target-refused": {
    exit: EXIT.checksFoundErrors,
    meaning: "The target certificate does not verify under its own bundle: agents would refuse it.",
    hint: "See farrier check with the same files: it names every fault and its fix.",
  },
  "plan.unreadable": {
    exit: EXIT.badInput,
    meaning: "The plan is cut off or is not JSON.",
    hint: "Put back the plan.json that farrier plan wrote, or make a new plan.",
  },
  "rotation.exists": {
    exit: EXIT.badInput,
    meaning: "The directory that was named for a new rotation already holds one.",
    hint: "Name another directory, or go on with the one that is there: farrier status.",
  },
  "rotation.held": {
    exit: EXIT.held,
    meaning: "A gate did not open, the rotation was paused, or a step was left undone.",
    hint: "farrier status says what it waits for; farrier apply goes on.",
  },
  "rotation.unwritable": {
    exit: EXIT.failed,
    meaning: "A file of the rotation cannot be written. What was not recorded was not done.",
    hint: "Make room or fix the permissions, then run the same command again.",
  },
  "step.failed": {
    exit: EXIT.failed,
    meaning: "A step failed for good.",
    hint: "Read the reason in farrier status; after mending it, farrier apply goes on.",
  },
  "step.conflict": {
    exit: EXIT.failed,
    meaning: "Somebody else changed the very field that Farrier was about to write.",
    hint: "Find out who it was before going on; farrier apply looks again.",
  },
  "internal.unexpected": {
    exit: EXIT.failed,
    meaning: "Farrier met a state that its authors held to be impossible.",
    hint: "Nothing more was done. Report it with the command, the version and this message.",
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
  "reach.other-cluster": {
    exit: EXIT.badInput,
    meaning: "A way that farrier.yaml names for a cluster leads to another cluster, or nothing shows to which.",
    hint: "Correct the kubeconfig or context of that cluster in farrier.yaml.",
  },
  "rancher.not-a-rancher": {
    exit: EXIT.badInput,
    meaning: "The server at the given URL is not a Rancher.",
    hint: "Give Rancher's own URL, as in its setting server-url.",
  },
  "rancher.token-refused": {
    exit: EXIT.badInput,
    meaning: "Rancher does not accept the API token: it is wrong, or has expired.",
    hint: "Make a new one in Rancher under Account & API Keys, without a cluster as scope, and name its file with --token-file.",
  },
  "rancher.not-found": {
    exit: EXIT.badInput,
    meaning: "The cluster of the kubeconfig runs no Rancher.",
    hint: "Use a kubeconfig of the management cluster, the one that Rancher calls local.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** Every error that Farrier raises on purpose. Anything else that is thrown is a defect and is reported as one. */
export class FarrierError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  /** @param sentence one sentence that names the thing. It must never hold a key, token or password. */
  constructor(code: ErrorCode, sentence: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(sentence, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "FarrierError";
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].hint;
  }

  get exitCode(): ExitCode {
    return ERRORS[this.code].exit;
  }
}
