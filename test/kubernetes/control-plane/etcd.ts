/** A member of etcd on Unix sockets, alone in its cluster. */
import { join } from "node:path";
import { Program } from "./program.ts";

/** @param name tells its files in the directory from another member's. @returns before it answers */
export function startEtcd(directory: string, name = "etcd"): { readonly program: Program; readonly endpoint: string } {
  const endpoint = `unix://${join(directory, `${name}.sock`)}`;
  const peers = `unix://${join(directory, `${name}-peers.sock`)}`;
  const flags = {
    "data-dir": join(directory, name),
    name: "default",
    "listen-client-urls": endpoint,
    "advertise-client-urls": endpoint,
    "listen-peer-urls": peers,
    "initial-advertise-peer-urls": peers,
    "initial-cluster": `default=${peers}`,
    // Nothing is to survive the test.
    "unsafe-no-fsync": "true",
    "log-level": "warn",
  };
  return { program: new Program("etcd", flags, join(directory, `${name}.log`)), endpoint };
}
