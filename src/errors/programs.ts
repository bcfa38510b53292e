/** What went wrong with programs beside Farrier, and in Farrier itself. Alphabetical by code. */
import { type ErrorEntry, EXIT } from "./exit.ts";

export const PROGRAM_ERRORS = {
  "engine.container-stopped": {
    exit: EXIT.failed,
    meaning: "The container that Rancher's management API is in does not run.",
    hint: "Start it (docker start), and wait until Rancher answers; an interrupted farrier apply starts it by itself.",
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
  "engine.no-bridge": {
    exit: EXIT.badInput,
    meaning: "A container has no bash, by which its inner ports are reached. Every image of Rancher's server has it.",
    hint: "Name the container that runs rancher/rancher, or publish its API's port and name a kubeconfig.",
  },
  "engine.no-kubeconfig": {
    exit: EXIT.badInput,
    meaning: "A container of Rancher's holds no administrator's kubeconfig of the cluster in it.",
    hint: "Wait until Rancher has started for the first time. Where it uses a cluster outside of its container, name that one's kubeconfig.",
  },
  "engine.port-silent": {
    exit: EXIT.failed,
    meaning: "Nothing answers at a port inside a container.",
    hint: "It may still be starting: look at docker logs of the container, and try again in a moment.",
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
    hint: "Name a chart of the version that is deployed with --chart: a directory, a .tgz file, a URL, or repository/name.",
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
  "internal.unexpected": {
    exit: EXIT.failed,
    meaning: "Farrier met a state that its authors held to be impossible.",
    hint: "Nothing more was done. Report it with the command, the version and this message.",
  },
  "sandbox.late": {
    exit: EXIT.failed,
    meaning:
      "Something in a simulated estate did not happen in time: its scenario keeps it from it, or this machine is slow.",
    hint: "Try fewer clusters (--clusters), a lower --speed where the machine is busy, a higher one where Rancher starts slowly.",
  },
} as const satisfies Record<string, ErrorEntry>;
