/** Makes random handshakes: a sound chain, and up to three things done to it. */
import { makeWorld, type World } from "./bases.ts";
import { copyDraft, type Draft, finish, type Handshake } from "./draft.ts";
import { BYTE_MUTATIONS } from "./mutate-bytes.ts";
import { CHAIN_MUTATIONS } from "./mutate-chain.ts";
import { EXTENSION_MUTATIONS } from "./mutate-extensions.ts";
import { FIELD_MUTATIONS } from "./mutate-fields.ts";
import type { Mutation } from "./mutations.ts";
import { Random } from "./random.ts";

export const MUTATIONS: readonly Mutation[] = [
  ...FIELD_MUTATIONS,
  ...EXTENSION_MUTATIONS,
  ...CHAIN_MUTATIONS,
  ...BYTE_MUTATIONS,
];

/** How many things are done to a chain: mostly one, so that a refusal has one reason. */
const DEPTHS = [1, 1, 1, 1, 1, 1, 2, 2, 2, 3];

export interface Case {
  readonly handshake: Handshake;
  /** What was done, in order. */
  readonly story: readonly string[];
}

/** The first cases are the sound chains themselves; then every mutation has its turn as the first one. */
export async function makeCases(count: number, seed: number): Promise<readonly Case[]> {
  const random = new Random(seed);
  const world = await makeWorld();
  return Array.from({ length: count }, (_, id) => {
    const draft = copyDraft(world.bases[id] ?? random.pick(world.bases));
    if (id >= world.bases.length) mutate(draft, id, random, world);
    return { handshake: finish(draft, id), story: draft.story };
  });
}

function mutate(draft: Draft, id: number, random: Random, world: World): void {
  for (let depth = random.pick(DEPTHS), turn = 0; turn < depth; turn += 1) {
    const mutation = turn === 0 ? MUTATIONS[id % MUTATIONS.length] : random.pick(MUTATIONS);
    if (mutation === undefined) return;
    draft.story.push(mutation.name);
    // What an earlier mutation took away cannot be changed by a later one.
    if (draft.chain.length > 0 && draft.anchors.length > 0) mutation.apply(draft, random, world);
  }
}
