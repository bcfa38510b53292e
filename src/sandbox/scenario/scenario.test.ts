import { describe, expect, test } from "vitest";
import { FarrierError } from "../../errors.ts";
import { cityName } from "./city-names.ts";
import { parseScenario, readScenario } from "./scenario.ts";

describe("a scenario file", () => {
  test("may be empty: a dozen clusters with names, different versions, some with two agents", () => {
    const { clusters, speed, rancher, tls } = readScenario("");
    expect(clusters).toHaveLength(12);
    expect(new Set(clusters.map(({ name }) => name)).size).toBe(12);
    expect(new Set(clusters.map(({ kubernetes }) => kubernetes)).size).toBeGreaterThan(2);
    expect(clusters.some(({ agents }) => agents === 2)).toBe(true);
    expect({ speed, version: rancher.version, mode: tls.mode }).toEqual({
      speed: 20,
      version: "2.15.1",
      mode: "strict",
    });
  });

  test("names its clusters or counts them", () => {
    expect(readScenario("clusters: 3").clusters).toHaveLength(3);
    const [paris] = readScenario("clusters: [{ name: paris, driver: rke2, fleet: true }]").clusters;
    expect(paris).toMatchObject({ name: "paris", driver: "rke2", fleet: true, agents: 1, latencyMs: 0 });
  });

  test.each([
    { name: "not YAML", text: "clusters: [", sentence: "not valid YAML" },
    { name: "an unknown member", text: "cluster: 3", sentence: 'is not valid: there is no setting "cluster"' },
    { name: "an old Rancher", text: "rancher: { version: 2.0.16 }", sentence: "rancher.version" },
    {
      name: "an unknown fault",
      text: "faults: [{ kind: earthquake }]",
      sentence: "faults.0.kind: must be one of offline, disconnect, ",
    },
    { name: "a fault without its cluster", text: "faults: [{ kind: offline }]", sentence: "faults.0.cluster" },
    {
      name: "a rate above one",
      text: "faults: [{ kind: api-errors, target: rancher, rate: 2, statuses: [500] }]",
      sentence: "faults.0.rate",
    },
    { name: "no speed", text: "speed: 0", sentence: "speed: must be more than 0." },
    {
      name: "a name for two clusters",
      text: "clusters: [{ name: a }, { name: b }, { name: a }]",
      sentence: "clusters.2.name: there is another cluster called a",
    },
    {
      name: "a bundle that strict agents need, and that there is none",
      text: "tls: { source: letsEncrypt }",
      sentence: "tls.mode: strict agents need a bundle",
    },
    {
      name: "an agent that can never have connected",
      text: "{ tls: { source: letsEncrypt, mode: system-store }, clusters: [{ name: a }, { name: b, systemStore: bare }] }",
      sentence: "clusters.1.systemStore: an agent that knows no public root",
    },
  ])("$name is refused with its place", ({ text, sentence }) => {
    const refused = catchError(() => readScenario(text));
    expect(refused).toMatchObject({ code: "input.invalid" });
    expect(refused.message).toContain(sentence);
  });
});

test("every cluster has a name of its own, however many there are", () => {
  const names = Array.from({ length: 700 }, (_, index) => cityName(index));
  expect(new Set(names).size).toBe(700);
  expect(parseScenario({ clusters: 700 }).clusters.map(({ name }) => name)).toEqual(names);
});

function catchError(action: () => unknown): FarrierError {
  try {
    action();
  } catch (error) {
    if (error instanceof FarrierError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
