/**
 * The way from the live estate to a goal, whichever of the two directions it is: which bundles are passed through, and
 * under which of them the certificate changes.
 *
 * With S the bundle that is served and G the goal: agents go from S to a bundle that verifies both certificates (S itself
 * where it holds everything of G, G itself where it holds everything of S, else their union), the certificate changes
 * there, and then agents go on to G.
 */
import type { Estate } from "../estate/estate.ts";
import { unionBundle } from "../pki/bundle.ts";
import { pinOfFile } from "../pki/pin.ts";
import { factsOf, holdsAll, leafFingerprint } from "./chain.ts";
import type { Epoch, EpochName } from "./plan.ts";
import { presentBundle } from "./present-bundle.ts";

export interface RouteInput {
  readonly estate: Estate;
  /** The bytes for `tls-ca` in the end. */
  readonly bundle: string;
  /** The chain to present in the end, leaf first, PEM. */
  readonly chain: string;
  /** The union that was served on the way forth, byte for byte: the way back serves the same. */
  readonly both?: string;
  /** Chains of the same certificates count as equal even if their texts differ. */
  readonly ignoreText: boolean;
  /** By a flag day instead of an overlap. */
  readonly replace?: boolean;
}

export interface Route {
  readonly epochs: readonly Epoch[];
  /** The Secret does not hold what is served: that is put in order first. */
  readonly repair: boolean;
  /** The epoch that agents go to before the certificate changes; absent when they are there already. */
  readonly widenTo?: EpochName;
  /** The certificate changes, under this epoch's bundle. */
  readonly switchUnder?: EpochName;
  /** Certificate and bundle are replaced at once, and this epoch's bundle is served from then on. */
  readonly replaceTo?: EpochName;
  /** The epoch that agents go to at the end; absent when they are there already. */
  readonly narrowTo?: EpochName;
}

/** Pure and total: whether the goal makes sense is asked before (`classify`). */
export function routeOf(input: RouteInput): Route {
  const present = presentBundle(input.estate);
  const current = epoch("current", present.bundle, present.pin);
  const target = epoch("target", input.bundle, pinOfFile(input.bundle));
  if (input.replace === true) {
    const same = target.pin === current.pin;
    return same
      ? { repair: false, epochs: [current], replaceTo: "current" }
      : { repair: false, epochs: [current, target], replaceTo: "target" };
  }
  const changes = servingChanges(input);
  const base = { repair: !present.settled };
  if (target.pin === current.pin) {
    // Served alike, but the Secret may differ in its outer white space: it ends with the goal's own bytes.
    const { installation, trust } = input.estate;
    const repair = base.repair || (installation.privateCa && trust.written !== input.bundle);
    const epochs = [{ ...current, bundle: input.bundle }];
    return { repair, epochs, ...(changes ? { switchUnder: "current" } : {}) };
  }
  if (holdsAll(current.bundle, target.bundle)) {
    const epochs = [current, target];
    return { ...base, epochs, ...(changes ? { switchUnder: "current" } : {}), narrowTo: "target" };
  }
  if (holdsAll(target.bundle, current.bundle)) {
    const epochs = [current, target];
    return { ...base, epochs, widenTo: "target", ...(changes ? { switchUnder: "target" } : {}) };
  }
  const both = bothEpoch(current, target, input.both);
  return {
    ...base,
    epochs: [current, both, target],
    widenTo: "both",
    ...(changes ? { switchUnder: "both" } : {}),
    narrowTo: "target",
  };
}

function bothEpoch(current: Epoch, target: Epoch, known: string | undefined): Epoch {
  const serves = known !== undefined && holdsAll(known, current.bundle) && holdsAll(known, target.bundle);
  const bundle = serves ? known : unionBundle(current.bundle, target.bundle);
  return epoch("both", bundle, pinOfFile(bundle));
}

function epoch(name: EpochName, bundle: string, pin: string): Epoch {
  return { name, bundle, pin, certificates: factsOf(bundle) };
}

/** Also where the Secret is right but an address still presents something else. */
function servingChanges({ estate, chain, ignoreText }: RouteInput): boolean {
  const { serving } = estate;
  const sameText = serving.chain === chain;
  const same = sameText || (ignoreText && fingerprints(serving.chain) === fingerprints(chain));
  const leaf = leafFingerprint(chain);
  return !same || serving.presented.some((seen) => seen.fingerprints.length > 0 && seen.fingerprints[0] !== leaf);
}

function fingerprints(chain: string): string {
  return factsOf(chain)
    .map(({ fingerprint }) => fingerprint)
    .join();
}
