/** Plans from Rancher's own generated CA to a public certificate, and back. */
import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, pinServed } from "../../test/helpers/estate-builder.ts";
import {
  estateOf,
  generatedEstate,
  helmReleased,
  lenient,
  OLD,
  overlapInput,
  PUBLIC,
  publicEstate,
  SEALED,
} from "../../test/helpers/plan-builder.ts";
import { backTo, outline, PUBLIC_ROOTS, valuesOf } from "../../test/helpers/plan-outline.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import { assemblePlan } from "./assemble.ts";

const member = (pin: string) => clusterWith("c-1", agentWith(pin, { strict: false }));

describe("Rancher's own CA → a public certificate", () => {
  const own = (clusters: readonly Cluster[]): Estate => {
    const { trust, installation } = generatedEstate(clusters);
    return {
      ...lenient(estateOf(clusters), {}),
      trust,
      installation: { ...installation, agentTlsMode: "system-store" },
    };
  };
  const goal = { bundle: "", chain: PUBLIC.chain, sealed: SEALED };
  const plan = assemblePlan(overlapInput(own([member(pinServed(OLD.bundle))]), { goal, publicRoots: PUBLIC_ROOTS }));

  test("mounts that CA beside the public root, and nothing in the end", () => {
    expect(outline(plan)).toEqual([
      "backup",
      "arm@both arm-agent",
      "widen upgrade-release@private-ca",
      "spread@both roll-agent",
      "switch upgrade-release@own-certificate delete-certificate present-certificate restart-agent restart-rancher",
      "arm@target roll-agent",
      "rest",
      "narrow upgrade-release@no-private-ca",
      "spread@target",
      "release remove-bundle",
      "settle settle-agent",
      "prove",
    ]);
    expect(valuesOf(plan)).toEqual([
      "private-ca privateCA: (default) → true",
      "own-certificate ingress.tls.source: (default) → secret",
      "no-private-ca privateCA: true → false",
    ]);
  });

  test("is led back by way of the same mount", () => {
    const served = publicEstate([member("")], helmReleased({ privateCA: false, "ingress.tls.source": "secret" }));
    const installation = { ...served.installation, tlsSource: "secret" as const };
    const back = backTo(plan, { ...served, installation }, { bundle: OLD.bundle, chain: OLD.chain });
    expect(outline(back)).toEqual([
      "backup",
      "arm@both arm-agent",
      "widen upgrade-release@private-ca",
      "spread@both roll-agent",
      "switch present-certificate restart-agent restart-rancher",
      "arm@target arm-agent",
      "narrow serve-bundle@target",
      "spread@target roll-agent",
      "release upgrade-release@as-before remove-bundle",
      "settle settle-agent",
      "prove",
    ]);
    expect(valuesOf(back)).toEqual([
      "private-ca privateCA: false → true",
      "as-before privateCA: true → (default)",
      "as-before ingress.tls.source: secret → (default)",
    ]);
  });
});
