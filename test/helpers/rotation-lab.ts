/** A small simulated estate with a rotation that is ready to be applied to it, and what tests ask of the two. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApplyOptions, type ApplyOutcome, applyRotation } from "../../src/execute/apply.ts";
import { prepareRollback, prepareRotation } from "../../src/execute/prepare.ts";
import { observeEstate } from "../../src/observe/observe-estate.ts";
import { openWorld, type World } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import type { PlanOptions } from "../../src/plan/options.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { giveKubeconfigs, type Kubeconfigs } from "./kubeconfigs.ts";

/** Another target than the lab's own. */
export interface ServingPair {
  readonly certificate: string;
  readonly key: string;
  /** Left out for a certificate of today's authority: with it the trust bundle stays. Empty for a public certificate. */
  readonly bundle?: string;
}

export interface RotationLab {
  readonly sandbox: Sandbox;
  /** Temporary; holds the rotation, the kubeconfig and the owner's configuration. */
  readonly folder: string;
  /** The rotation's directory. */
  readonly directory: string;
  readonly kubeconfig: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The program that upgrades Rancher's release, where the lab was given one. */
  readonly helm?: string;
  readonly now: () => Date;
  /** A connection of its own, as another process would have. */
  openWorld(): Promise<World>;
  /** Makes the plan; a second call needs another directory. */
  prepare(
    options?: Partial<PlanOptions>,
    directory?: string,
    other?: ServingPair,
    more?: { readonly replace?: boolean; readonly kubeconfigs?: Kubeconfigs },
  ): Promise<Plan>;
  /** Plans the way back from where the rotation stands. @returns the plan's file, for {@link apply} */
  prepareRollback(directory?: string): Promise<string>;
  /** Applies with a connection of its own. */
  apply(options?: Partial<ApplyOptions>): Promise<ApplyOutcome>;
  stop(): Promise<void>;
}

/**
 * Four times what a real estate needs: a cluster's time stands still while a starting agent waits for the network, but not
 * while the machine is too busy to notice that the start check has failed.
 */
const ARMING_SECONDS = 120;

/** A few clusters, fast. @param helm where values of Rancher's chart are to change */
export async function startRotationLab(scenario: ScenarioInput = {}, helm?: string): Promise<RotationLab> {
  const sandbox = await startSandbox({ clusters: 3, speed: 200, ...scenario });
  const folder = await mkdtemp(join(tmpdir(), "farrier-rotation-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.managementKubeconfig, { mode: 0o600 });
  const directory = join(folder, "rotation");
  const environment = { XDG_CONFIG_HOME: join(folder, "config") };
  const now = () => new Date();
  const open = () =>
    openWorld({
      kubeconfig,
      context: "management",
      token: Secret.of(sandbox.token),
      publicRoots: sandbox.pki.publicCa.rootPem,
      ...(helm === undefined ? {} : { helm: { program: helm } }),
    });
  // One target, however often it is planned for: runs can be compared.
  const authority = await sandbox.pki.newAuthority("Tomorrow");
  const { certificate, key } = await authority.issue();
  const withWorld = async <T>(work: (world: World) => Promise<T>): Promise<T> => {
    const world = await open();
    try {
      return await work(world);
    } finally {
      await world.close();
    }
  };
  return {
    sandbox,
    folder,
    directory,
    kubeconfig,
    environment,
    ...(helm === undefined ? {} : { helm }),
    now,
    openWorld: open,
    prepare: (options = {}, into = directory, other = undefined, { kubeconfigs = {}, ...more } = {}) =>
      withWorld(async (world) => {
        giveKubeconfigs(world, kubeconfigs);
        const { plan } = await prepareRotation({
          directory: into,
          world,
          estate: await observeEstate(world, { now }),
          target:
            other === undefined
              ? { chain: certificate, key: Secret.of(key), bundle: authority.bundle }
              : {
                  chain: other.certificate,
                  key: Secret.of(other.key),
                  ...(other.bundle === undefined ? {} : { bundle: other.bundle }),
                },
          findings: [],
          options: { armingMinReadySeconds: ARMING_SECONDS, ...options },
          identity: { environment },
          now: now(),
          ...more,
        });
        return plan;
      }),
    prepareRollback: (of = directory) =>
      withWorld(async (world) => (await prepareRollback({ directory: of, world, now: now() })).file),
    apply: (options = {}) =>
      withWorld((world) => applyRotation({ directory, world, identity: { environment }, now, ...options })),
    stop: async () => {
      await sandbox.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
