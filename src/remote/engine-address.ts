/** Where a container engine listens: on this host, or on one that SSH reaches. */
import { existsSync } from "node:fs";
import { FarrierError } from "../errors.ts";
import { nodeCalled, type SshTarget } from "./ssh.ts";

/** Docker's own place, then Podman's. */
const USUAL_SOCKETS = ["/var/run/docker.sock", "/run/podman/podman.sock"] as const;

export interface EngineAddress {
  /** A path; on the other host where there is one. */
  readonly socket: string;
  readonly ssh?: SshTarget;
}

/**
 * The engine's Unix socket: the one that was named, or that `DOCKER_HOST` or `CONTAINER_HOST` names, or the first of the
 * usual ones that is there.
 * @throws FarrierError `engine.unreachable`
 */
export function engineAddress(named: string | undefined, environment: NodeJS.ProcessEnv = process.env): EngineAddress {
  const given = named ?? environment.DOCKER_HOST ?? environment.CONTAINER_HOST ?? "";
  if (given !== "") return addressOf(given);
  const found = USUAL_SOCKETS.find((path) => existsSync(path));
  if (found !== undefined) return { socket: found };
  throw new FarrierError("engine.unreachable", `There is no container engine at ${USUAL_SOCKETS.join(" or ")}.`);
}

function addressOf(address: string): EngineAddress {
  if (address.startsWith("unix://")) return { socket: address.slice("unix://".length) };
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) return { socket: address };
  const url = URL.parse(address);
  if (url?.protocol === "ssh:" && url.hostname !== "" && url.password === "") return overSsh(url);
  const scheme = address.slice(0, address.indexOf("://"));
  throw new FarrierError(
    "engine.unreachable",
    `An engine is reached by a Unix socket or by SSH, not by ${scheme} so.`,
    {
      hint: "Name its socket, or ssh://user@host/path/of/its/socket; a password has no place there.",
    },
  );
}

/** As Docker's own client reads it; Podman's also has the path. */
function overSsh({ hostname, port, username, pathname }: URL): EngineAddress {
  return {
    socket: pathname === "" || pathname === "/" ? USUAL_SOCKETS[0] : decodeURIComponent(pathname),
    ssh: {
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      ...(username === "" ? {} : { user: decodeURIComponent(username) }),
      ...(port === "" ? {} : { port: Number(port) }),
    },
  };
}

/** `/var/run/docker.sock of root@10.0.0.5`: how sentences call the place of an engine. */
export function engineCalled({ socket, ssh }: EngineAddress): string {
  return ssh === undefined ? socket : `${socket} of ${nodeCalled(ssh)}`;
}
