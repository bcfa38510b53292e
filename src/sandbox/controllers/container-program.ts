/** What runs inside a container of the sandbox: a program in this process, found by its image's name. */
import type { Clock } from "../clock.ts";
import type { ClusterClient, KubeObject } from "../cluster-client.ts";
import type { Container } from "./pod.ts";

/** Everything that a program may know of where it runs. */
export interface ContainerContext {
  /** The pod as it was when the container started. */
  readonly pod: KubeObject;
  /** The container's part of the pod's spec. */
  readonly container: Container;
  /** Its environment, with references to Secrets, ConfigMaps and the pod's own fields resolved at this start. */
  readonly env: Readonly<Record<string, string>>;
  /** The cluster that the pod runs in, as the pod's service account. */
  readonly client: ClusterClient;
  /**
   * A mounted file of a Secret or ConfigMap. Under a directory mount it is what is stored now; under a sub-path mount
   * what was stored when this container (not its pod) started: rancher.md §0b row 11.
   */
  readFile(path: string): string | undefined;
  /** One line of the container's log, without its line end. */
  log(line: string): void;
  readonly clock: Clock;
}

/** A started program. */
export interface RunningContainer {
  /** Its exit code, once it has ended by itself or after `stop`. A rejection counts as exit code 2 (a crash). */
  readonly exited: Promise<number>;
  /** SIGTERM. A program that does not end within the pod's grace period is abandoned as if it had been killed. */
  stop(): void;
  /** What the readiness probe would be answered now. Asked only of containers that have a readiness probe. */
  ready(): boolean;
}

export interface ContainerProgram {
  start(context: ContainerContext): RunningContainer;
}

/** What the nodes can pull. */
export interface Images {
  /** Programs by the beginning of an image's name (`rancher/rancher-agent`); the longest beginning that fits wins. */
  readonly programs: Readonly<Record<string, ContainerProgram>>;
  /** Asked at each pull, so that an image can come back. By default only images named `missing` cannot be pulled. */
  readonly unpullable?: (image: string) => boolean;
}

/** The program of an image; one that runs for ever, like `pause`, if nobody registered any. */
export function programOf(images: Images, image: string): ContainerProgram {
  const prefix = Object.keys(images.programs)
    .filter((candidate) => startsWithName(image, candidate))
    .sort((a, b) => b.length - a.length)[0];
  return (prefix === undefined ? undefined : images.programs[prefix]) ?? pause;
}

/** Whether a pull of this image succeeds now. */
export function isPullable(images: Images, image: string): boolean {
  return !(images.unpullable ?? isNamedMissing)(image);
}

/** Runs until it is stopped; then exits with 143, as a process does that leaves SIGTERM to its default. */
export const pause: ContainerProgram = {
  start() {
    const { promise, resolve } = Promise.withResolvers<number>();
    return { exited: promise, stop: () => resolve(143), ready: () => true };
  },
};

/** A prefix ends at a tag, a digest or any later character of the last path part: `a/b` fits `a/b:v1` and `a/b-c`. */
function startsWithName(image: string, prefix: string): boolean {
  return image.startsWith(prefix) || image.includes(`/${prefix}`);
}

function isNamedMissing(image: string): boolean {
  const name = image.split("/").at(-1) ?? "";
  return /^missing(?:[:@]|$)/.test(name);
}
