/** What a real node needs of a machine. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { areBuilt } from "../control-plane/binaries.ts";

/** Debian puts it there (busybox-static). Nothing but the kernel is needed to run it. */
export const BUSYBOX = ["/usr/bin/busybox", "/bin/busybox"].find((path) => existsSync(path));

/** What is missing for a real node on this machine, in words; empty when nothing is. */
export function missingForNode(): string {
  if (process.platform !== "linux") return "not run on Linux";
  const answers = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
  const programs = ["containerd", "ctr", "runc", "ldd"].filter((program) => !answers(program));
  if (BUSYBOX === undefined) programs.push("busybox-static");
  if (programs.length > 0) return `${programs.join(", ")} not installed`;
  if (process.getuid?.() !== 0) return "not run as root";
  const built = areBuilt("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl");
  return built ? "" : "kubelet not built";
}
