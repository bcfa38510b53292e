import { afterAll, beforeAll, describe } from "vitest";
import { beginJourney, type Journey } from "../helpers/journey.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";
import { areBuilt } from "./control-plane/binaries.ts";
import { type RealEstate, startRealEstate } from "./control-plane/real-estate.ts";
import { refreshes } from "./suite/refresh.ts";

const MINUTE = 60_000;
const definitions = process.env.RANCHER_CRDS;
const isBuilt = areBuilt("etcd", "kube-apiserver", "kube-controller-manager");
if (isBuilt && definitions === undefined) {
  process.stderr.write("RANCHER_CRDS names no file: refreshes on real control planes are left out\n");
}

describe.skipIf(!isBuilt || definitions === undefined)("on real control planes", () => {
  let journey: Journey<RealEstate>;
  let estate: RealEstate;

  beforeAll(async () => {
    estate = await startRealEstate(definitions ?? "", {
      speed: 1,
      clusters: [{ name: "paris" }, { name: "lagos" }],
      rancher: { startSeconds: [1, 2] },
    });
    journey = await beginJourney(estate);
    await estate.waitUntilConnected();
    await waitUntilRancherRests(estate);
  }, 5 * MINUTE);

  afterAll(() => journey?.stop(), MINUTE);

  refreshes(
    () => ({ journey, estate }),
    [
      [
        "paris",
        "the service-account key is another one, and Rancher takes the report over",
        { ca: false, reported: true },
      ],
      ["lagos", "both are others, and the report does not arrive: it is written (M2.9)", { ca: true, reported: false }],
    ],
  );
});
