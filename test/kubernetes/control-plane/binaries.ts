/** The real programs that the tests run: where they come from, and where they are once `npm run control-plane` built them. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export type BinaryName =
  | "etcd"
  | "etcdctl"
  | "etcdutl"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubelet"
  | "kubectl"
  | "helm3"
  | "helm4"
  | "registry";

export interface Binary {
  readonly name: BinaryName;
  /** The Go package whose `main` it is. */
  readonly package: string;
}

/** Programs that share a go.mod, because they are released together. */
export interface GoModule {
  /** Absolute; of the go.mod and go.sum. */
  readonly directory: string;
  readonly binaries: readonly Binary[];
  /** Go variables that hold the version, as the release's own build sets them. */
  readonly variables: Readonly<Record<string, string>>;
}

const GO = join(import.meta.dirname, "go");

export const GO_MODULES: readonly GoModule[] = [
  {
    directory: join(GO, "etcd"),
    binaries: [{ name: "etcd", package: "go.etcd.io/etcd/server/v3" }],
    variables: {},
  },
  {
    directory: join(GO, "etcd-tools"),
    binaries: [
      { name: "etcdctl", package: "go.etcd.io/etcd/etcdctl/v3" },
      { name: "etcdutl", package: "go.etcd.io/etcd/etcdutl/v3" },
    ],
    variables: {},
  },
  {
    directory: join(GO, "kubernetes"),
    binaries: [
      { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver" },
      { name: "kube-controller-manager", package: "k8s.io/kubernetes/cmd/kube-controller-manager" },
      { name: "kube-scheduler", package: "k8s.io/kubernetes/cmd/kube-scheduler" },
      { name: "kubelet", package: "k8s.io/kubernetes/cmd/kubelet" },
      { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl" },
    ],
    variables: {
      "k8s.io/component-base/version.gitVersion": requiredVersion("kubernetes", "k8s.io/kubernetes"),
      "k8s.io/component-base/version.gitMajor": "1",
      "k8s.io/component-base/version.gitMinor": "36",
    },
  },
  {
    directory: join(GO, "helm3"),
    binaries: [{ name: "helm3", package: "helm.sh/helm/v3/cmd/helm" }],
    variables: { "helm.sh/helm/v3/internal/version.version": requiredVersion("helm3", "helm.sh/helm/v3") },
  },
  {
    directory: join(GO, "helm4"),
    binaries: [{ name: "helm4", package: "helm.sh/helm/v4/cmd/helm" }],
    variables: { "helm.sh/helm/v4/internal/version.version": requiredVersion("helm4", "helm.sh/helm/v4") },
  },
  {
    directory: join(GO, "registry"),
    binaries: [{ name: "registry", package: "github.com/distribution/distribution/v3/cmd/registry" }],
    variables: {},
  },
];

/** Flags of `go build`: no C compiler is needed, and the same sources give the same bytes anywhere. */
export function buildFlags({ variables }: GoModule): readonly string[] {
  const set = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return ["-trimpath", "-buildvcs=false", "-mod=readonly", `-ldflags=${["-s", "-w", ...set].join(" ")}`];
}

/** The cache outside of the checkout that holds a module's programs; another version of anything is another folder. */
export function cacheOf(module: GoModule): string {
  const { XDG_CACHE_HOME } = process.env;
  const cache = XDG_CACHE_HOME === undefined || XDG_CACHE_HOME === "" ? join(homedir(), ".cache") : XDG_CACHE_HOME;
  const inputs = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) inputs.update(readFileSync(join(module.directory, file)));
  inputs.update(JSON.stringify([module.binaries, buildFlags(module)]));
  return join(cache, "farrier-test", inputs.digest("hex").slice(0, 16));
}

/** Where a program is, or would be: in the folder that `FARRIER_TEST_BINARIES` names, else in the cache. */
export function pathOf(name: BinaryName): string {
  const given = process.env.FARRIER_TEST_BINARIES;
  if (given !== undefined && given !== "") return join(given, name);
  const module = GO_MODULES.find(({ binaries }) => binaries.some((binary) => binary.name === name));
  if (module === undefined) throw new Error(`no module builds ${name}`);
  return join(cacheOf(module), name);
}

export function areBuilt(...names: readonly BinaryName[]): boolean {
  return names.every((name) => existsSync(pathOf(name)));
}

function requiredVersion(module: string, path: string): string {
  const text = readFileSync(join(GO, module, "go.mod"), "utf8");
  const version = text
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^require /, "")
        .split(" "),
    )
    .find(([name, , ...rest]) => name === path && rest[0] !== "=>")?.[1];
  if (version === undefined) throw new Error(`${module}/go.mod does not require ${path}`);
  return version;
}
