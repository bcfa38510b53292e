/** What a planned change of a value means for the release that is stored by now: its chart may have other defaults. */
import { GivenValues, type Value, type ValueChange } from "../helm/given-values.ts";
import type { StoredRelease } from "../helm/stored-releases.ts";
import type { PlannedValue } from "../plan/release.ts";

type Rendered = Pick<StoredRelease, "values" | "chart">;

/** Asked of what the chart is rendered with: a value may be given as the default was, and the default may be another. */
export function hasValues(release: Rendered, changes: readonly PlannedValue[]): boolean {
  return changes.every((change) => (release.values.at(change.path) ?? defaultIn(release, change)) === wantedOf(change));
}

/**
 * What has to be given: nothing for a value that is to be as the chart has it, unless the chart that is stored has
 * another value there by now (`helm upgrade --reuse-values` writes among its defaults what was given before).
 */
export function givenFor(release: Rendered, changes: readonly PlannedValue[]): ValueChange[] {
  return changes.map((change) => {
    const wanted = wantedOf(change);
    const same = change.to === undefined && defaultIn(release, change) === wanted;
    return { path: change.path, to: same ? undefined : wanted };
  });
}

/** What the chart is to be rendered with. */
export function wantedOf({ to, default: otherwise }: PlannedValue): PlannedValue["to"] {
  return to ?? otherwise;
}

function defaultIn({ chart }: Rendered, { path }: PlannedValue): Value | undefined {
  return GivenValues.of(chart.values ?? {}).at(path);
}
