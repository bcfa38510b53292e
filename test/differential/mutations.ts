/** What is done to sound chains. Each mutation has a name, which the story of a failing case tells. */
import type { World } from "./bases.ts";
import type { Draft, DraftCertificate } from "./draft.ts";
import type { Random } from "./random.ts";

export interface Mutation {
  readonly name: string;
  readonly apply: (draft: Draft, random: Random, world: World) => void;
}

/** A mutation of one certificate, anywhere in the chain or among the anchors. */
export function ofCertificate(
  name: string,
  apply: (certificate: DraftCertificate, random: Random, world: World) => void,
): Mutation {
  return {
    name,
    apply: (draft, random, world) => {
      const { certificate, place } = anyCertificate(draft, random);
      if (certificate === undefined) return;
      draft.story.push(place);
      apply(certificate, random, world);
    },
  };
}

/** A mutation of the leaf. */
export function ofLeaf(name: string, apply: (leaf: DraftCertificate, random: Random, world: World) => void): Mutation {
  return {
    name,
    apply: (draft, random, world) => {
      const [leaf] = draft.chain;
      if (leaf !== undefined) apply(leaf, random, world);
    },
  };
}

/** A mutation of an authority: an intermediate or an anchor. */
export function ofAuthority(
  name: string,
  apply: (authority: DraftCertificate, random: Random, world: World) => void,
): Mutation {
  return {
    name,
    apply: (draft, random, world) => {
      const authorities = [...draft.chain.slice(1), ...draft.anchors];
      if (authorities.length > 0) apply(random.pick(authorities), random, world);
    },
  };
}

function anyCertificate(
  draft: Draft,
  random: Random,
): { readonly certificate: DraftCertificate | undefined; readonly place: string } {
  const index = random.below(draft.chain.length + draft.anchors.length);
  const inChain = index < draft.chain.length;
  return {
    certificate: inChain ? draft.chain[index] : draft.anchors[index - draft.chain.length],
    place: inChain ? `chain[${index}]` : `anchors[${index - draft.chain.length}]`,
  };
}
