/** Plans to a public certificate and from one, forth and back. */
import { describe, expect, test } from "vitest";
import {
  agentWith,
  clusterWith,
  localCluster,
  NOW,
  nodeAgents,
  pinServed,
  waitingPod,
} from "../../test/helpers/estate-builder.ts";
import {
  estateOf,
  helmReleased,
  lenient,
  OLD,
  overlapInput,
  PUBLIC,
  publicEstate,
  SEALED,
  YOUNG,
} from "../../test/helpers/plan-builder.ts";
import { backTo, outline, PUBLIC_ROOTS, valuesOf } from "../../test/helpers/plan-outline.ts";
import type { AgentWorkload } from "../estate/agent.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import { unionBundle } from "../pki/bundle.ts";
import { assemblePlan, type PlanInput } from "./assemble.ts";
import { evaluateGate } from "./gates/evaluate-gate.ts";
import { lateSteps } from "./late-steps.ts";
import type { Plan } from "./plan.ts";
import { stageNamed, stepsOf } from "./reading.ts";

const BOTH = unionBundle(OLD.bundle, PUBLIC.rootPem);
const PIN_OLD = pinServed(OLD.bundle);
const PIN_BOTH = pinServed(BOTH);
const forbidden = { patchAgent: "no", deletePods: "no", listPods: "yes" } as const;
const publicRoots = PUBLIC_ROOTS;

const agent = (pin: string, change: Partial<AgentWorkload> = {}) => agentWith(pin, { strict: false, ...change });
const member = (pin: string, change: Partial<Cluster> = {}) => clusterWith("c-1", agent(pin), change);

const forth = (clusters: readonly Cluster[], change: Partial<PlanInput> = {}): Plan =>
  assemblePlan(
    overlapInput(lenient(estateOf(clusters)), {
      goal: { bundle: "", chain: PUBLIC.chain, sealed: SEALED },
      publicRoots,
      ...change,
    }),
  );

describe("a private CA → a public certificate", () => {
  const plan = forth([localCluster(), member(PIN_OLD)]);

  test("agents let go of their pin before Rancher serves no bundle, and tls-ca goes last", () => {
    expect(outline(plan)).toEqual([
      "backup",
      "arm@both arm-agent",
      "widen serve-bundle@both",
      "spread@both roll-agent",
      "switch present-certificate restart-agent restart-rancher",
      "arm@target roll-agent",
      "rest",
      "narrow upgrade-release@no-private-ca",
      "spread@target",
      "release remove-bundle",
      "settle settle-agent",
      "prove",
    ]);
    expect(valuesOf(plan)).toEqual(["no-private-ca privateCA: true → false"]);
    expect(stageNamed(plan, "arm@target").gate).toBe("switch-proved");
    expect(stageNamed(plan, "narrow").gate).toBe("all-armed");
    expect(stageNamed(plan, "release")).toMatchObject({ gate: "all-started", gateEpoch: "target" });
  });

  test("both authorities are in the bundle between, the public one by the root at which the target ends", () => {
    expect(plan.epochs.map(({ name, bundle, pin }) => [name, bundle, pin])).toEqual([
      ["current", OLD.bundle, PIN_OLD],
      ["both", BOTH, PIN_BOTH],
      ["target", "", ""],
    ]);
    expect(plan.epochs[2]?.certificates.map(({ subject }) => subject)).toEqual(["CN=Public Root"]);
  });

  test("who holds the public root already is not widened", () => {
    const estate = lenient(estateOf([member(PIN_BOTH)], { bundle: BOTH }));
    const short = assemblePlan(
      overlapInput(estate, { goal: { bundle: "", chain: PUBLIC.chain, sealed: SEALED }, publicRoots }),
    );
    expect(outline(short).slice(0, 4)).toEqual([
      "backup",
      "switch present-certificate restart-agent restart-rancher",
      "arm@target roll-agent",
      "rest",
    ]);
  });

  test("whom Rancher redeploys gets its pin when Rancher serves none; node agents go before, node by node", () => {
    const redeployed = clusterWith("c-2", agent(PIN_OLD), { permissions: forbidden });
    const withNodes = member(PIN_OLD, { nodeAgents: [nodeAgents(PIN_OLD)] });
    const wider = forth([redeployed, withNodes]);
    const ids = (stage: string) => stepsOf(stageNamed(wider, stage)).map(({ id }) => id);
    expect(ids("arm@target")).toEqual(["c-1/roll-agent@target", "c-1/roll-node-agents@target"]);
    expect(ids("spread@target")).toEqual(["c-2/redeploy-agent@target"]);
  });

  test("who may not be patched never shows that it accepts the certificate by itself: the plan says so, and nobody else is told", () => {
    const redeployed = clusterWith("c-2", agent(PIN_OLD), { permissions: forbidden });
    const members = [redeployed, member(PIN_OLD)];
    const riskOf = ({ clusters }: Plan) => clusters.map(({ id, risk }) => `${id}: ${risk}`);
    const never = /whether its agent accepts the certificate with its system's own store is not shown before/;
    for (const acceptUnarmed of [[], ["c-2"]]) {
      const methods = { "c-2": "redeploy" as const };
      const [armed, unarmed] = riskOf(forth(members, { options: { methods, acceptUnarmed } }));
      expect(armed).toBe("c-1: undefined");
      expect(unarmed).toMatch(/It is not armed: .* it is cut off/);
      expect(unarmed).toMatch(never);
    }
    const toPrivate = { bundle: YOUNG.bundle, chain: YOUNG.chain, sealed: SEALED };
    expect(riskOf(forth(members, { goal: toPrivate })).join()).not.toMatch(never);
  });

  test("where a Gateway leads to Rancher, the Ingress's source is given too: else Rancher would serve a CA of its own", () => {
    const estate = lenient(estateOf([member(PIN_OLD)]), { privateCA: true });
    const goal = { bundle: "", chain: PUBLIC.chain, sealed: SEALED };
    const gateway = { ...estate, installation: { ...estate.installation, exposure: "gateway" as const } };
    expect(valuesOf(assemblePlan(overlapInput(gateway, { goal, publicRoots })))).toEqual([
      "no-private-ca privateCA: true → false",
      "no-private-ca ingress.tls.source: (default) → secret",
    ]);
  });

  test("by hand, a person sees the empty pin, the empty setting, and the values", () => {
    const commands = plan.stages.flatMap(stepsOf).flatMap(({ id, manual }) => manual.commands.map((one) => [id, one]));
    const of = (step: string) => commands.flatMap(([id, command]) => (id === step ? [command] : [])).join("\n");
    expect(of("c-1/roll-agent@target")).toContain('"name":"CATTLE_CA_CHECKSUM","value":""');
    expect(of("c-1/roll-agent@target")).toContain("waits with an empty pin");
    expect(of("rancher/upgrade-release@no-private-ca")).toContain("--set privateCA=false");
    expect(of("rancher/upgrade-release@no-private-ca")).toContain(`| jq .value  # ""`);
    expect(of("rancher/remove-bundle")).toBe("kubectl -n cattle-system delete secret tls-ca");
  });

  describe("the gate before Rancher serves no bundle", () => {
    const switched = (cluster: Cluster): Estate => lenient(estateOf([cluster], { bundle: BOTH, chain: PUBLIC.chain }));
    const ask = (estate: Estate) => {
      const question = { plan, stage: stageNamed(plan, "narrow"), estate, waivers: [], now: NOW };
      return {
        ...evaluateGate({ ...question, backupVerified: true }),
        late: lateSteps({ ...question, minReadySecondsBefore: () => 0 }).map(({ id }) => id),
      };
    };
    const armedMost = { minReadySeconds: 30 };

    test("opens when every agent runs without a pin", () => {
      const { passes, holds } = ask(switched(clusterWith("c-1", agent("", armedMost))));
      expect(holds).toEqual([]);
      expect(passes).toBe(true);
    });

    test("says what is accepted with an agent that may not be patched", () => {
      const redeployed = clusterWith("c-1", agent(PIN_BOTH), { permissions: forbidden });
      const own = forth([redeployed]);
      const stage = (id: string) => stageNamed(own, id);
      const hintAt = (id: string, estate: Estate) =>
        evaluateGate({ plan: own, stage: stage(id), estate, waivers: [], now: NOW, backupVerified: true }).holds.map(
          ({ hint }) => hint,
        );
      const [narrow] = hintAt("narrow", switched(redeployed));
      expect(narrow).toMatch(
        /or accept that it never shows beforehand that it accepts the certificate without a bundle: .*acceptUnarmed: true/,
      );
      const [widen] = hintAt(
        "widen",
        lenient(estateOf([clusterWith("c-1", agent(PIN_OLD), { permissions: forbidden })])),
      );
      expect(widen).toMatch(/or accept that it is unarmed until it is redeployed: .*acceptUnarmed: true/);
    });

    test("does not take a pod that waits for one that has started: nothing that is served would let it start", () => {
      const straddling = agent("", { ...armedMost, pods: [...agent(PIN_BOTH).pods, waitingPod("")], totalReplicas: 2 });
      const { passes, holds } = ask(switched(clusterWith("c-1", straddling)));
      expect(passes).toBe(false);
      expect(holds[0]?.why).toContain("with another pin is still there");
    });

    test("holds where Rancher has given the pin back, and moves the agent again", () => {
      const { passes, late } = ask(switched(member(PIN_BOTH)));
      expect({ passes, late }).toEqual({ passes: false, late: ["c-1/roll-agent@target"] });
    });

    test("holds for a node agent that has a pin, and rolls it", () => {
      const cluster = clusterWith("c-1", agent("", armedMost), { nodeAgents: [nodeAgents(PIN_BOTH)] });
      const { passes, late } = ask(switched(cluster));
      expect({ passes, late }).toEqual({ passes: false, late: ["c-1/roll-node-agents@target"] });
    });

    test("does not take node agents that are only armed for ones that have started", () => {
      const armed = [nodeAgents(PIN_BOTH, { next: "" })];
      const { passes, holds } = ask(switched(clusterWith("c-1", agent("", armedMost), { nodeAgents: armed })));
      expect(passes).toBe(false);
      expect(holds.map(({ target }) => target)).toEqual(["c-1/node-agent"]);
    });

    test("holds where the old certificate was put back, which no system's store verifies", () => {
      const { passes, holds } = ask(
        lenient(estateOf([clusterWith("c-1", agent("", armedMost))], { bundle: BOTH, chain: OLD.chain })),
      );
      expect(passes).toBe(false);
      expect(holds[0]?.why).toContain("agents would refuse once they hold the bundle of epoch target");
    });
  });

  describe("the way back", () => {
    const beginning = { bundle: OLD.bundle, chain: OLD.chain };

    test("from the end: the bundle is mounted again with both authorities before the certificate changes", () => {
      const ended = publicEstate([member("")], {
        tlsSource: "secret",
        ...helmReleased({ privateCA: false, "ingress.tls.source": "secret" }),
      });
      const plan2 = backTo(plan, ended, beginning);
      expect(outline(plan2)).toEqual([
        "backup",
        "arm@both arm-agent",
        "widen upgrade-release@private-ca",
        "spread@both roll-agent",
        "switch present-certificate restart-agent restart-rancher",
        "arm@target arm-agent",
        "narrow serve-bundle@target",
        "spread@target roll-agent",
        "settle settle-agent",
        "prove",
      ]);
      expect(valuesOf(plan2)).toEqual(["private-ca privateCA: false → true"]);
      expect(plan2.epochs.map(({ pin }) => pin)).toEqual(["", PIN_BOTH, PIN_OLD]);
    });

    test("from before Rancher serves none: agents without a pin get that of both, and values stay", () => {
      const estate = lenient(estateOf([member("")], { bundle: BOTH, chain: PUBLIC.chain }));
      const plan2 = backTo(plan, estate, beginning);
      expect(outline(plan2).slice(0, 3)).toEqual([
        "backup",
        "spread@current roll-agent",
        "switch present-certificate restart-agent restart-rancher",
      ]);
      expect(plan2.release).toBeUndefined();
    });

    test("from the middle of the upgrade: what an old pod still serves is not counted on", () => {
      const estate = publicEstate([member("")], {
        tlsSource: "secret",
        ...helmReleased({ privateCA: false, "ingress.tls.source": "secret" }),
      });
      const plan2 = backTo(plan, { ...estate, trust: { ...estate.trust, served: [BOTH.trim(), ""] } }, beginning);
      expect(plan2.epochs.map(({ pin }) => pin)).toEqual(["", PIN_BOTH, PIN_OLD]);
    });
  });
});

describe("Let's Encrypt → a private CA", () => {
  const wide = unionBundle(YOUNG.bundle, PUBLIC.rootPem);
  const plan = assemblePlan(overlapInput(publicEstate([localCluster(), member("")]), { publicRoots }));

  test("a bundle with both is mounted first, and cert-manager is stopped before the certificate changes", () => {
    expect(outline(plan)).toEqual([
      "backup",
      "arm@both arm-agent",
      "widen upgrade-release@private-ca",
      "spread@both roll-agent",
      "switch upgrade-release@own-certificate delete-certificate present-certificate restart-agent restart-rancher",
      "arm@target arm-agent",
      "rest",
      "narrow serve-bundle@target",
      "spread@target roll-agent",
      "settle settle-agent",
      "prove",
    ]);
    expect(valuesOf(plan)).toEqual([
      "private-ca privateCA: (default) → true",
      "own-certificate ingress.tls.source: letsEncrypt → secret",
    ]);
    expect(plan.epochs.map(({ bundle, pin }) => [bundle, pin])).toEqual([
      ["", ""],
      [wide, pinServed(wide)],
      [unionBundle(YOUNG.bundle, ""), pinServed(unionBundle(YOUNG.bundle, ""))],
    ]);
  });

  test("a target bundle that holds the public root is never narrowed", () => {
    const goal = { bundle: wide, chain: YOUNG.chain, sealed: SEALED };
    const whole = assemblePlan(overlapInput(publicEstate([member("")]), { publicRoots, goal }));
    expect(whole.epochs.map(({ name }) => name)).toEqual(["current", "target"]);
    expect(outline(whole)).not.toContainEqual(expect.stringMatching(/^narrow/));
  });

  test("a bundle of the very root that agents trust is served before they pin it", () => {
    const goal = { bundle: PUBLIC.bundle, chain: PUBLIC.chain, sealed: SEALED };
    const pinned = assemblePlan(
      overlapInput(publicEstate([member("")], { tlsSource: "secret" }), { publicRoots, goal }),
    );
    expect(outline(pinned)).toEqual([
      "backup",
      "arm@target arm-agent",
      "widen upgrade-release@private-ca",
      "spread@target roll-agent",
      "settle settle-agent",
      "prove",
    ]);
  });

  describe("the gate before a bundle is served for the first time", () => {
    const ask = (cluster: Cluster) => {
      const question = {
        plan,
        stage: stageNamed(plan, "widen"),
        estate: publicEstate([cluster]),
        waivers: [],
        now: NOW,
      };
      return evaluateGate({ ...question, backupVerified: true }).holds.map(({ why }) => why);
    };

    test("takes an agent without a pin that nobody may patch: it starts whatever is served", () => {
      expect(ask(member("", { permissions: forbidden }))).toEqual([]);
    });

    test("holds for one with a pin that was never armed", () => {
      expect(ask(member("a".repeat(64)))).toEqual([
        "The agent of name-of-c-1 (c-1): its Deployment does not carry the next pin.",
      ]);
    });

    test("holds for one of which a pod with an older pin is left", () => {
      const pods = [...agent("").pods, waitingPod("a".repeat(64))];
      expect(ask(clusterWith("c-1", agent("", { pods })))).toHaveLength(1);
    });
  });

  const beginning = { bundle: "", chain: PUBLIC.chain };
  const ended = (change: Partial<Estate["installation"]> = {}): Estate => {
    const estate = estateOf([member(pinServed(YOUNG.bundle))], { bundle: YOUNG.bundle, chain: YOUNG.chain });
    const own = lenient(estate, { privateCA: true, "ingress.tls.source": "secret" });
    return { ...own, installation: { ...own.installation, ...change } };
  };

  test("back from the end: agents let go of their pin under the public certificate, then values and Secret go", () => {
    const back = backTo(plan, ended(), beginning);
    expect(outline(back)).toEqual([
      "backup",
      "arm@both arm-agent",
      "widen serve-bundle@both",
      "spread@both roll-agent",
      "switch present-certificate restart-agent restart-rancher",
      "arm@target roll-agent",
      "narrow upgrade-release@as-before",
      "spread@target",
      "release remove-bundle",
      "settle settle-agent",
      "prove",
    ]);
    expect(valuesOf(back)).toEqual([
      "as-before privateCA: true → (default)",
      "as-before ingress.tls.source: secret → letsEncrypt",
    ]);
  });

  test("back is refused once agents verify strictly", () => {
    expect(() => backTo(plan, ended({ agentTlsMode: "strict" }), beginning)).toThrow(
      expect.objectContaining({ code: "plan.no-procedure", message: expect.stringContaining("agent-tls-mode") }),
    );
  });

  test("back is refused where no value of the release would do it", () => {
    const others = helmReleased({ privateCA: false, "ingress.tls.source": "letsEncrypt" });
    expect(() => backTo(plan, ended(others), beginning)).toThrow(
      expect.objectContaining({ code: "plan.no-procedure", message: expect.stringContaining("no value of its Helm") }),
    );
  });
});
