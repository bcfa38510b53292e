/**
 * Rancher in a single container (`docker run … rancher/rancher`): its whole estate, the database included, is in one
 * directory. Rancher's image declares that as a volume, and names its own version and its agents' image in variables.
 */
import { FarrierError } from "../errors.ts";
import type { Inspected } from "../remote/engine.ts";

/** Where all that it knows is. */
export const DATA_DIRECTORY = "/var/lib/rancher";

/** Where people mount the bundle of a private CA; Rancher makes it the setting `cacerts` at its start. */
export const BUNDLE_FILE = "/etc/rancher/ssl/cacerts.pem";

export type DataPlace =
  /** The engine's own; goes with the container where nobody named it. */
  { readonly kind: "volume"; readonly name: string } | { readonly kind: "host-directory"; readonly path: string };

export interface RancherContainer {
  readonly id: string;
  readonly name: string;
  /** What it was started from, `rancher/rancher:v2.15.0`. */
  readonly image: string;
  /** The image's own id, which cannot come to mean another one. */
  readonly imageId: string;
  /** `v2.15.0` */
  readonly version: string;
  readonly running: boolean;
  /** When it was started last, in the engine's words: another text after every start. */
  readonly startedAt: string;
  /** It was never started: there is nothing of its own in it. */
  readonly fresh: boolean;
  /** The engine removes it, and what is in it, as soon as it stops (`docker run --rm`). */
  readonly vanishes: boolean;
  readonly data: DataPlace;
}

/**
 * Pure.
 * @throws FarrierError `engine.container-unsuitable` when it is no single-container Rancher
 */
export function rancherContainerOf(inspected: Inspected): RancherContainer {
  const name = inspected.Name.replace(/^\//, "");
  const image = inspected.Config.Image || inspected.Image;
  const variables = new Map(
    inspected.Config.Env.map((line): [string, string] => {
      const [key = "", ...value] = line.split("=");
      return [key, value.join("=")];
    }),
  );
  const version = variables.get("CATTLE_SERVER_VERSION");
  // An agent has the version of its server as well, but is not told which image agents have.
  if (version === undefined || !variables.has("CATTLE_AGENT_IMAGE")) {
    throw unsuitable(`Container ${name} is no Rancher server: its image is ${image}.`);
  }
  if ("io.kubernetes.pod.name" in inspected.Config.Labels) {
    throw unsuitable(
      `Container ${name} belongs to a pod: this Rancher runs on Kubernetes, and its estate is in the cluster's etcd.`,
    );
  }
  const mount = inspected.Mounts.find(({ Destination }) => Destination === DATA_DIRECTORY);
  if (mount === undefined) {
    throw unsuitable(`Container ${name} has no volume at ${DATA_DIRECTORY}, as Rancher's own image makes one.`);
  }
  const { Status, Running, StartedAt } = inspected.State;
  return {
    id: inspected.Id,
    name,
    image,
    imageId: inspected.Image,
    version,
    running: Running,
    startedAt: StartedAt,
    fresh: Status === "created" || Status === "configured",
    vanishes: inspected.HostConfig.AutoRemove,
    data:
      mount.Type === "bind"
        ? { kind: "host-directory", path: mount.Source }
        : { kind: "volume", name: mount.Name ?? mount.Source },
  };
}

function unsuitable(sentence: string): FarrierError {
  return new FarrierError("engine.container-unsuitable", sentence);
}
