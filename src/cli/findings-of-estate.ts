/** Observes an estate and runs every check on it: what `check` prints and `plan` begins with. */
import { runChecks } from "../checks/checks.ts";
import { readTarget, type Target } from "../checks/target.ts";
import type { Estate } from "../estate/estate.ts";
import type { Finding } from "../findings.ts";
import { observeEstate } from "../observe/observe-estate.ts";
import type { World } from "../observe/world.ts";
import { publicRootsOf } from "../plan/system-store.ts";
import { horizonOf } from "./plan-options.ts";
import type { Settings } from "./settings.ts";
import type { TargetFiles } from "./target-files.ts";

/** The estate as it was just seen, with all findings about it and the target. */
export async function findAll(
  world: World,
  settings: Settings,
  target: TargetFiles | undefined,
): Promise<{ readonly estate: Estate; readonly findings: readonly Finding[] }> {
  const upgrades = target?.systemStore === true;
  const estate = await observeEstate(world, { now: () => new Date(), concurrency: CONCURRENCY, upgrades });
  const now = new Date();
  const findings = runChecks({
    estate,
    now,
    until: horizonOf(settings, now),
    ...(target === undefined ? {} : { target: checkTarget(target, { world, estate, now }) }),
  });
  return { estate, findings };
}

interface Surroundings {
  readonly world: World;
  readonly estate: Estate;
  readonly now: Date;
}

/** Clusters that are looked at at the same time. */
const CONCURRENCY = 50;

function checkTarget(target: TargetFiles, { world, estate, now }: Surroundings): Target {
  const chain = target.certBytes.toString("utf8");
  // A chain that ends at none of them is judged under all of them, and refused by name.
  const roots = (): string => publicRootsOf(chain, world.publicRoots, now) || world.publicRoots;
  const labels = { cert: target.cert, ...(target.key === undefined ? {} : { key: target.key }) };
  return readTarget({
    certPem: target.certBytes,
    ...(target.keyBytes === undefined ? {} : { keyPem: target.keyBytes }),
    ...(target.passphrase === undefined ? {} : { passphrase: target.passphrase }),
    caPem: target.caBytes ?? (target.systemStore || estate.trust.stored === "" ? roots() : estate.trust.stored),
    systemStore: target.systemStore,
    labels: target.cacerts === undefined ? labels : { ...labels, ca: target.cacerts },
  });
}
