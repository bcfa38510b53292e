import { expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import { StatisticsKeeper } from "./statistics.ts";

/** A clock that stands still until it is moved. */
function heldClock(): Clock & { move(milliseconds: number): void } {
  let time = Date.parse("2026-01-01T00:00:00Z");
  return {
    now: () => new Date(time),
    elapsed: (since) => time - since.getTime(),
    after: () => ({ cancel: () => {} }),
    move: (milliseconds) => {
      time += milliseconds;
    },
  };
}

function keeper() {
  const clock = heldClock();
  const statistics = new StatisticsKeeper(clock);
  statistics.addCluster("c-1", "paris");
  const both = (open: boolean) => {
    statistics.session("c-1", open);
    statistics.session("stv-cluster-c-1", open);
  };
  return { clock, statistics, both, read: () => statistics.read().clusters["c-1"] };
}

test("a cluster is connected when it has both sessions", () => {
  const { statistics } = keeper();
  expect(statistics.isConnected("c-1")).toBe(false);
  statistics.session("c-1", true);
  expect(statistics.isConnected("c-1")).toBe(false);
  statistics.session("stv-cluster-c-1", true);
  expect(statistics.isConnected("c-1")).toBe(true);
  expect(statistics.isConnected("c-2")).toBe(false);
});

test("the time before the first connection is no outage", () => {
  const { clock, both, read } = keeper();
  clock.move(60_000);
  both(true);
  expect(read()).toMatchObject({ connected: true, outages: [], longestOutageMs: 0, tunnels: 1 });
});

test("an outage lasts from the first lost session to the second one regained; the longest counts", () => {
  const { clock, both, read, statistics } = keeper();
  both(true);
  statistics.session("stv-cluster-c-1", false);
  clock.move(3000);
  statistics.session("c-1", false);
  clock.move(4000);
  both(true);
  both(false);
  clock.move(1000);
  both(true);
  expect(read()).toMatchObject({ longestOutageMs: 7000, tunnels: 3 });
  expect(read()?.outages).toEqual([
    { from: "2026-01-01T00:00:00.000Z", to: "2026-01-01T00:00:07.000Z" },
    { from: "2026-01-01T00:00:07.000Z", to: "2026-01-01T00:00:08.000Z" },
  ]);
});

test("an outage that lasts is counted as long as it has lasted", () => {
  const { clock, both, read } = keeper();
  both(true);
  both(false);
  clock.move(9000);
  expect(read()).toMatchObject({ connected: false, longestOutageMs: 9000 });
  expect(read()?.outages).toEqual([{ from: "2026-01-01T00:00:00.000Z" }]);
});

test("refusals are counted per cluster and in all, and kept with what is known of them", () => {
  const { statistics } = keeper();
  statistics.addCluster("c-2", "oslo");
  const reason = "x509: certificate signed by unknown authority";
  statistics.observer("c-1").refused({ pod: "a", phase: "tunnel", reason });
  for (let count = 0; count < 1500; count += 1)
    statistics.observer("c-2").refused({ pod: "b", phase: "start", reason });
  const read = statistics.read();
  expect([read.refused, read.clusters["c-1"]?.refused, read.clusters["c-2"]?.refused]).toEqual([1501, 1, 1500]);
  expect(read.refusals).toHaveLength(1000);
  expect(read.refusals[0]).toEqual({
    cluster: "c-1",
    pod: "a",
    phase: "tunnel",
    reason,
    at: "2026-01-01T00:00:00.000Z",
  });
});

test("starts, ends, mismatches and lost conditions are counted", () => {
  const { statistics, read } = keeper();
  const observer = statistics.observer("c-1");
  observer.started("a");
  observer.started("a");
  observer.exited("a", 1);
  observer.pinMismatch("a");
  statistics.connectedChanged("c-1", true);
  statistics.connectedChanged("c-1", false);
  statistics.rancherStarted();
  statistics.rancherExited();
  expect(read()).toMatchObject({ agentStarts: 2, agentExits: 1, pinMismatches: 1, lostCondition: 1 });
  expect(statistics.read().rancher).toEqual({ starts: 1, exits: 1 });
});

test("of a cluster that is lost again and again, the last hundred outages are kept and the longest is remembered", () => {
  const { clock, both, read } = keeper();
  both(true);
  for (let seconds = 300; seconds > 0; seconds -= 1) {
    both(false);
    clock.move(seconds * 1000);
    both(true);
  }
  const lengths = read()?.outages.map(({ from, to = "" }) => (Date.parse(to) - Date.parse(from)) / 1000);
  expect(lengths).toEqual(Array.from({ length: 100 }, (_, index) => 100 - index));
  expect(read()?.longestOutageMs).toBe(300_000);
});
