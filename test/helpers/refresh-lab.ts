/** A small estate and refreshes of its clusters, without the command line: where time and death are the test's own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApplyOptions, type ApplyOutcome, applyRotation } from "../../src/execute/apply.ts";
import {
  type ClusterLook,
  lookAtClusters,
  type NamedCluster,
  prepareRefresh,
} from "../../src/execute/prepare-refresh.ts";
import { openWorld, type World } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type Sandbox, type SandboxCluster, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";

export interface RefreshLab {
  readonly sandbox: Sandbox;
  readonly clusters: readonly SandboxCluster[];
  /** The refresh's directory. */
  readonly directory: string;
  /** Of every cluster; what they have changed since is in it once something was looked at. */
  readonly kubeconfig: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Both sides of clusters, all by default. */
  look(clusters?: readonly SandboxCluster[]): Promise<readonly ClusterLook[]>;
  /** Looks, and plans for what is stale. */
  prepare(clusters?: readonly SandboxCluster[]): Promise<Plan>;
  /** Applies with connections of its own. */
  apply(options?: Partial<ApplyOptions>): Promise<ApplyOutcome>;
  stop(): Promise<void>;
}

/** @param waysOf the ways to a cluster's own API server; by the lab's kubeconfig where there are none of its own */
export async function startRefreshLab(
  scenario: ScenarioInput = {},
  waysOf: (cluster: SandboxCluster) => NamedCluster["ways"] | undefined = () => undefined,
): Promise<RefreshLab> {
  const sandbox = await startSandbox({ clusters: 1, speed: 100, ...scenario });
  const folder = await mkdtemp(join(tmpdir(), "farrier-refresh-"));
  const kubeconfig = join(folder, "kubeconfig");
  const directory = join(folder, "refresh");
  const environment = { XDG_CONFIG_HOME: join(folder, "config") };
  const identity = { environment };
  const now = () => new Date();
  const { clusters } = sandbox;
  const withWorld = async <T>(work: (world: World) => Promise<T>): Promise<T> => {
    // The clusters' own certificates may have changed since: a person makes a new kubeconfig then.
    await writeFile(kubeconfig, sandbox.kubeconfig, { mode: 0o600 });
    const world = await openWorld({ kubeconfig, context: "management", token: Secret.of(sandbox.token) });
    try {
      return await work(world);
    } finally {
      await world.close();
    }
  };
  const lookIn = (world: World, wanted: readonly SandboxCluster[]) =>
    lookAtClusters(
      world,
      wanted.map((cluster): NamedCluster => {
        const { id, name } = cluster;
        return { id, name, ways: waysOf(cluster) ?? [{ kubeconfig, context: name }] };
      }),
    );
  return {
    sandbox,
    clusters,
    directory,
    kubeconfig,
    environment,
    look: (wanted = clusters) => withWorld((world) => lookIn(world, wanted)),
    prepare: (wanted = clusters) =>
      withWorld(async (world) => {
        const looks = await lookIn(world, wanted);
        const stale = looks.flatMap((look) => (look.stale === undefined ? [] : [look.stale]));
        const { plan } = await prepareRefresh({
          directory,
          world,
          clusters: stale,
          findings: [],
          identity,
          now: now(),
        });
        return plan;
      }),
    apply: (options = {}) => withWorld((world) => applyRotation({ directory, world, identity, now, ...options })),
    stop: async () => {
      await sandbox.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
