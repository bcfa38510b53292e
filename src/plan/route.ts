/**
 * The way from the live estate to a goal, whichever of the two directions it is: which bundles are passed through, and
 * under which of them the certificate changes.
 *
 * With S the bundle that is served and G the goal: agents go from S to a bundle that verifies both certificates (S itself
 * where it holds everything of G, G itself where it holds everything of S, else their union), the certificate changes
 * there, and then agents go on to G. Either may be no bundle at all, but their system's own store: then public roots stand
 * for it, and are in the union.
 */
import type { Estate } from "../estate/estate.ts";
import { unionBundle } from "../pki/bundle.ts";
import { pinOfFile } from "../pki/pin.ts";
import { factsOf, holdsAll, leafFingerprint } from "./chain.ts";
import type { Epoch, EpochName } from "./plan.ts";
import { presentBundle } from "./present-bundle.ts";
import { anchorsOf, publicRootsOf } from "./system-store.ts";

export interface RouteInput {
  readonly estate: Estate;
  /** The bytes for `tls-ca` in the end; empty for none. */
  readonly bundle: string;
  /** The chain to present in the end, leaf first, PEM. */
  readonly chain: string;
  /** The union that was served on the way forth, byte for byte: the way back serves the same. */
  readonly both?: string;
  /** Chains of the same certificates count as equal even if their texts differ. */
  readonly ignoreText: boolean;
  /** By a flag day instead of an overlap. */
  readonly replace?: boolean;
  /** Public roots, PEM, for an epoch without a bundle. */
  readonly publicRoots?: { readonly known: string; readonly at: Date };
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
  const current = epochWith(input, { name: "current", ...present, chain: input.estate.serving.chain });
  const target = epochWith(input, { name: "target", bundle: input.bundle, chain: input.chain });
  if (input.replace === true) {
    const same = target.pin === current.pin;
    return same
      ? { repair: false, epochs: [current], replaceTo: "current" }
      : { repair: false, epochs: [current, target], replaceTo: "target" };
  }
  const switched = (under: EpochName) => (servingChanges(input) ? { switchUnder: under } : {});
  const base = { repair: !present.settled };
  if (target.pin === current.pin) {
    // Served alike, but the Secret may differ in its outer white space: it ends with the goal's own bytes.
    const { installation, trust } = input.estate;
    const repair = base.repair || (installation.privateCa && trust.written !== input.bundle);
    const epochs = [{ ...current, bundle: input.bundle }];
    return { repair, epochs, ...switched("current") };
  }
  // The served bytes, not what agents trust: without a bundle nothing is held that they could pin.
  if (holdsAll(current.bundle, anchorsOf(target))) {
    const epochs = [current, target];
    return { ...base, epochs, ...switched("current"), narrowTo: "target" };
  }
  if (holdsAll(target.bundle, anchorsOf(current))) {
    const epochs = [current, target];
    return { ...base, epochs, widenTo: "target", ...switched("target") };
  }
  const both = bothEpoch(current, target, input.both);
  return {
    ...base,
    epochs: [current, both, target],
    widenTo: "both",
    ...switched("both"),
    narrowTo: "target",
  };
}

function bothEpoch(current: Epoch, target: Epoch, known: string | undefined): Epoch {
  const [from, to] = [anchorsOf(current), anchorsOf(target)];
  const serves = known !== undefined && holdsAll(known, from) && holdsAll(known, to);
  const bundle = serves ? known : unionBundle(from, to);
  return epoch("both", bundle, pinOfFile(bundle));
}

interface EpochFacts {
  readonly name: EpochName;
  readonly bundle: string;
  /** Where it is not that of the bundle as a file. */
  readonly pin?: string;
  /** What is presented in it. */
  readonly chain: string;
}

function epochWith({ publicRoots }: RouteInput, { name, bundle, pin, chain }: EpochFacts): Epoch {
  if (bundle !== "") return epoch(name, bundle, pin ?? pinOfFile(bundle));
  const systemRoots = publicRoots === undefined ? "" : publicRootsOf(chain, publicRoots.known, publicRoots.at);
  return { name, bundle, pin: "", systemRoots, certificates: factsOf(systemRoots) };
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
