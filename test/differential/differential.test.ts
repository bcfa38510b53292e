import { describe, expect, it } from "vitest";
import { type Case, MUTATIONS, makeCases } from "./cases.ts";
import { goIsInstalled } from "./go-program.ts";
import { type GoVerdict, goVerdicts, toJson } from "./go-verdicts.ts";
import { type OurVerdict, ourVerdict } from "./our-verdicts.ts";

const COUNT = Number(process.env.FARRIER_DIFFERENTIAL_CASES ?? 2500);
/** Fixed, so that every run is the same one; any other number looks at other chains. */
const SEED = Number(process.env.FARRIER_DIFFERENTIAL_SEED ?? 20260501);

const hasGo = goIsInstalled();
if (!hasGo) {
  process.stderr.write(`Left out: ${COUNT} random chains judged by Go and by Farrier, because go is not installed.\n`);
}

interface Judged {
  readonly judged: Case;
  readonly go: GoVerdict;
  readonly ours: OurVerdict;
}

/** Everything that is needed to look into one disagreement; certificates are public. */
function describeCase({ judged, go, ours }: Judged): string {
  return [
    `seed ${SEED}, case ${judged.handshake.id}: ${judged.story.join(", ")}`,
    `  Go:      ${go.accepted ? "accepts" : go.error} (${go.anchors} anchors)`,
    `  Farrier: ${ours.accepted ? "accepts" : ours.why.join("; ")} (${ours.anchors} anchors)`,
    `  ${JSON.stringify(toJson(judged.handshake))}`,
  ].join("\n");
}

describe.skipIf(!hasGo)(`${COUNT} random chains (seed ${SEED})`, () => {
  it("are never accepted where the agents' Go code refuses, and hardly ever refused where it accepts", async () => {
    const cases = await makeCases(COUNT, SEED);
    const verdicts = await goVerdicts(cases.map(({ handshake }) => handshake));
    expect(verdicts.map(({ id }) => id)).toEqual(cases.map(({ handshake }) => handshake.id));
    const all = verdicts.flatMap((go, index): Judged[] => {
      const judged = cases[index];
      return judged === undefined ? [] : [{ judged, go, ours: ourVerdict(judged.handshake) }];
    });

    const tooLenient = all.filter(({ go, ours }) => ours.accepted && !go.accepted);
    expect(tooLenient.map(describeCase)).toEqual([]);
    // A root that Farrier sees and the agents do not have is a cluster lost.
    const rootsThatGoLacks = all.filter(({ go, ours }) => ours.anchors > go.anchors);
    expect(rootsThatGoLacks.map(describeCase)).toEqual([]);

    const tooStrict = all.filter(({ go, ours }) => (!ours.accepted && go.accepted) || ours.anchors < go.anchors);
    const agreement = 1 - tooStrict.length / all.length;
    if (tooStrict.length > 0) {
      process.stderr.write(`${tooStrict.map(describeCase).join("\n")}\nAgreement: ${(agreement * 100).toFixed(2)} %\n`);
    }
    expect(agreement).toBeGreaterThanOrEqual(0.99);

    // The comparison means something only while both answers are frequent and every mutation had its turn.
    const accepted = all.filter(({ go }) => go.accepted).length / all.length;
    expect(accepted).toBeGreaterThan(0.2);
    expect(accepted).toBeLessThan(0.8);
    const done = new Set(all.flatMap(({ judged }) => judged.story));
    expect(MUTATIONS.filter(({ name }) => !done.has(name)).map(({ name }) => name)).toEqual([]);
    const untouched = all.filter(({ judged }) => judged.story.length === 0);
    expect(untouched.length).toBeGreaterThan(5);
    expect(untouched.filter(({ go, ours }) => !go.accepted || !ours.accepted).map(describeCase)).toEqual([]);
  }, 300_000);
});
