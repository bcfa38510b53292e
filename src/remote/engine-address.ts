/** Where the container engine of this host listens. */
import { existsSync } from "node:fs";
import { FarrierError } from "../errors.ts";

/** Docker's own place, then Podman's. */
const USUAL_SOCKETS = ["/var/run/docker.sock", "/run/podman/podman.sock"];

/**
 * The path of the engine's Unix socket: the one that was named, or that `DOCKER_HOST` or `CONTAINER_HOST` names, or the
 * first of the usual ones that is there.
 * @throws FarrierError `engine.unreachable`
 */
export function engineSocket(named: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  const given = named ?? environment.DOCKER_HOST ?? environment.CONTAINER_HOST ?? "";
  if (given !== "") return socketOf(given);
  const found = USUAL_SOCKETS.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new FarrierError("engine.unreachable", `There is no container engine at ${USUAL_SOCKETS.join(" or ")}.`);
}

function socketOf(address: string): string {
  if (address.startsWith("unix://")) return address.slice("unix://".length);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) return address;
  const scheme = address.slice(0, address.indexOf("://"));
  throw new FarrierError("engine.unreachable", `An engine is reached by a Unix socket, not by ${scheme}.`, {
    hint: "For another host, forward its socket: ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST, and name it.",
  });
}
