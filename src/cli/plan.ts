/**
 * `farrier plan`: observes, checks, and writes a rotation's directory. Nothing in the estate is changed, but that Rancher
 * makes a token for each authorized endpoint that the plan keeps (ADR 14).
 */

import { resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { Finding } from "../findings.ts";
import type { World } from "../observe/world.ts";
import type { Secret } from "../pki/secret.ts";
import type { Plan } from "../plan/plan.ts";
import { exitCodeOf } from "./check.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { renderFindings } from "./render/findings.ts";
import type { Settings } from "./settings.ts";
import { readTargetFiles, type TargetFiles } from "./target-files.ts";

/** Exit 3, and no directory, when a check finds an error. */
export async function runPlan(
  _words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(String(options.out));
  const target = readTargetFiles(options);
  if (target === undefined) {
    throw new FarrierError("input.usage", "farrier plan needs the target: --cert, --key and usually --cacerts.");
  }
  const replace = options.replace === true;
  const without = options.withoutEstateBackup === true;
  const made = await withWorld(options, (world, settings) =>
    make(world, settings, { directory, target, replace, without }),
  );
  if (made.plan === undefined) {
    await printResult(format, { findings: made.findings }, () => renderFindings(made.findings));
    return exitCodeOf(made.findings);
  }
  const { plan } = made;
  const { renderManual, renderPlan } = await import("./render/plan.ts");
  const { serialisePlan } = await import("../plan/plan-file.ts");
  await printResult(format, JSON.parse(serialisePlan(plan)), () =>
    options.manual === true ? renderManual(plan) : renderPlan(plan),
  );
  process.stderr.write(
    `\nWritten to ${directory}. Carry it out with: farrier apply ${commandWord(String(options.out))}\n`,
  );
  return EXIT.done;
}

/** Left out where it stays, empty where agents shall trust their system's own store. */
function bundleOf({ caBytes, systemStore }: TargetFiles): { readonly bundle?: string } {
  if (systemStore) return { bundle: "" };
  return caBytes === undefined ? {} : { bundle: caBytes.toString("utf8") };
}

interface Made {
  readonly findings: readonly Finding[];
  /** Absent when the findings forbid planning. */
  readonly plan?: Plan;
}

interface Request {
  readonly directory: string;
  readonly target: TargetFiles;
  readonly replace: boolean;
  /** Go on where the estate's own backup cannot be made. */
  readonly without: boolean;
}

/** What Rancher has made for endpoints, and no plan keeps, goes again however this ends. */
async function make(world: World, settings: Settings, request: Request): Promise<Made> {
  const { offerEndpoints, withdrawEndpoints } = await import("../observe/endpoint-way.ts");
  const endpoints = settings.authorizedEndpoints === false ? new Map<string, Secret>() : await offerEndpoints(world);
  let kept: readonly string[] = [];
  try {
    const made = await makeWith(endpoints, { world, settings, request });
    kept = made.plan?.endpoints?.clusters ?? [];
    return made;
  } finally {
    const left = new Map([...endpoints].filter(([id]) => !kept.includes(id)));
    for (const name of await withdrawEndpoints(world, left)) {
      process.stderr.write(`Rancher has made token ${name} and could not be asked to delete it: delete it there.\n`);
    }
  }
}

interface Making {
  readonly world: World;
  readonly settings: Settings;
  readonly request: Request;
}

async function makeWith(
  endpoints: ReadonlyMap<string, Secret>,
  { world, settings, request: { directory, target, replace, without } }: Making,
): Promise<Made> {
  const { findAll } = await import("./findings-of-estate.ts");
  const { estate, findings: seen } = await findAll(world, settings, target);
  const { decideEstateBackup } = await import("./estate-backup-wish.ts");
  const decision = await decideEstateBackup(world, settings, { without });
  const found = [...seen, ...decision.findings];
  const { replaceable } = await import("../plan/replaceable.ts");
  const findings = replace ? replaceable(found) : found;
  if (exitCodeOf(findings) !== EXIT.done) return { findings };
  const { prepareRotation } = await import("../execute/prepare.ts");
  const { horizonOf, planOptions } = await import("./plan-options.ts");
  const now = new Date();
  const { plan, owner } = await prepareRotation({
    directory,
    world,
    estate,
    target: {
      chain: target.certBytes.toString("utf8"),
      ...(target.privateKey === undefined ? {} : { key: target.privateKey }),
      ...bundleOf(target),
    },
    findings,
    endpoints,
    options: {
      ...planOptions(settings, estate.clusters),
      ...(decision.backup === undefined ? {} : { estateBackup: decision.backup }),
    },
    horizon: horizonOf(settings, now),
    replace,
    identity: settings.identityFile === undefined ? {} : { identityFile: settings.identityFile },
    ...(settings.recipients === undefined ? {} : { recipients: settings.recipients }),
    now,
  });
  if (owner?.created === true) {
    process.stderr.write(`Made an age identity, which opens this rotation's backups: keep ${owner.path}.\n`);
  }
  return { findings, plan };
}
