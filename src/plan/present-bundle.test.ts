/** From which bundle a plan starts, whatever somebody left half done. */
import { describe, expect, test } from "vitest";
import { estateWith, makeAuthority, pinServed } from "../../test/helpers/estate-builder.ts";
import type { Estate } from "../estate/estate.ts";
import { presentBundle } from "./present-bundle.ts";

const old = await makeAuthority("Old");
const young = await makeAuthority("New");
const value = (bundle: string) => bundle.trim();

interface Seen {
  readonly written?: string | undefined;
  readonly served: readonly string[];
  readonly stored?: string;
  readonly privateCa?: boolean;
}

function estateSeen({ written, served, stored = served[0] ?? "", privateCa = true }: Seen): Estate {
  const estate = estateWith({ bundle: old.bundle, chain: old.chain, clusters: [] });
  const { written: _, ...trust } = estate.trust;
  return {
    ...estate,
    installation: { ...estate.installation, privateCa },
    trust: { ...trust, ...(written === undefined ? {} : { written }), served: [...served], stored },
  };
}

describe("the start of a plan", () => {
  const oldValue = value(old.bundle);
  const newValue = value(young.bundle);
  const rows: { name: string; seen: Seen; bundle: string; of: string; settled: boolean }[] = [
    {
      name: "is what the Secret holds, byte for byte, where Rancher serves that",
      seen: { written: `\n${old.bundle}\n`, served: [oldValue] },
      bundle: `\n${old.bundle}\n`,
      of: old.bundle,
      settled: true,
    },
    {
      name: "is what is served, where the Secret holds another one already",
      seen: { written: young.bundle, served: [oldValue] },
      bundle: `${oldValue}\n`,
      of: old.bundle,
      settled: false,
    },
    {
      name: "is what the Secret holds, where some replicas serve that already",
      seen: { written: young.bundle, served: [oldValue, newValue] },
      bundle: young.bundle,
      of: young.bundle,
      settled: false,
    },
    {
      name: "is what was served first, where replicas differ and the Secret cannot be read",
      seen: { served: [newValue, oldValue] },
      bundle: `${newValue}\n`,
      of: young.bundle,
      settled: false,
    },
    {
      name: "is what is served, where the Secret cannot be read: nobody knows what the next start brings",
      seen: { served: [oldValue] },
      bundle: `${oldValue}\n`,
      of: old.bundle,
      settled: false,
    },
    {
      name: "is one bundle, however many replicas serve it",
      seen: { written: old.bundle, served: [oldValue, oldValue, oldValue] },
      bundle: old.bundle,
      of: old.bundle,
      settled: true,
    },
    {
      name: "is what the setting stores, where no replica could be asked",
      seen: { written: old.bundle, served: [], stored: oldValue },
      bundle: old.bundle,
      of: old.bundle,
      settled: true,
    },
    {
      name: "is Rancher's own CA, where no Secret is mounted: nothing can differ from it",
      seen: { served: [oldValue], privateCa: false },
      bundle: `${oldValue}\n`,
      of: old.bundle,
      settled: true,
    },
    {
      name: "is Rancher's own CA by its setting, where no replica could be asked",
      seen: { served: [], stored: oldValue, privateCa: false },
      bundle: `${oldValue}\n`,
      of: old.bundle,
      settled: true,
    },
    {
      name: "is none, where nothing is mounted and nothing served",
      seen: { served: [""], privateCa: false },
      bundle: "",
      of: "",
      settled: true,
    },
    {
      name: "is none, where nothing is mounted, no replica could be asked, and the setting is empty",
      seen: { served: [], stored: "", privateCa: false },
      bundle: "",
      of: "",
      settled: true,
    },
    {
      name: "is none, where nothing is mounted and a replica still serves the bundle of the time before",
      seen: { served: [oldValue, ""], stored: oldValue, privateCa: false },
      bundle: "",
      of: "",
      settled: true,
    },
    {
      name: "is the mounted bundle, where a replica serves none yet",
      seen: { written: old.bundle, served: ["", oldValue] },
      bundle: old.bundle,
      of: old.bundle,
      settled: false,
    },
  ];
  test.each(rows)("$name", ({ seen, bundle, of, settled }) => {
    const pin = of === "" ? "" : pinServed(of);
    expect(presentBundle(estateSeen(seen))).toEqual({ bundle, pin, settled });
  });
});
