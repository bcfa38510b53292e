/**
 * Which procedure a target needs. The only question is: does the target chain verify, until the horizon, under the very
 * bytes that agents hold; and does the pin change? Names and keys say nothing: a root that was issued again with the
 * same key still expires in the agents that hold the old one.
 */

import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import {
  certificatesIn,
  holdsAll,
  hostnameOf,
  sameCertificates,
  type VerificationQuestion,
  verification,
  verifiesUntil,
} from "./chain.ts";
import type { Procedure } from "./plan.ts";
import { presentBundle } from "./present-bundle.ts";
import { describeValue, type Goal, isIssued, releaseForward } from "./release.ts";
import { refuseStrictAgents } from "./strict-agents.ts";
import { goalOf, publicRootsOf } from "./system-store.ts";

export interface ClassifyInput {
  readonly estate: Estate;
  /**
   * `chain`: leaf first, PEM. `bundle`: what agents shall trust in the end; left out when it shall not change, and empty
   * where it shall be their system's own store.
   */
  readonly target: { readonly chain: string; readonly bundle?: string };
  /** Public roots, PEM: what a system's own store is taken to hold. */
  readonly publicRoots?: string;
  /** Until when the chain must verify. Default: the first end of a certificate in the chain. */
  readonly horizon?: Date;
  /** The person asks for the flag day. */
  readonly replace?: boolean;
  readonly now: Date;
}

export interface Classification {
  readonly procedure: Procedure;
  /** Sentences for people, in the order of the reasoning. */
  readonly why: readonly string[];
}

/**
 * @throws FarrierError `plan.no-procedure` where neither procedure can work (the sentence names what would),
 *   `plan.target-refused` where the target does not verify under its own bundle, `plan.bundle-needed` where the bundle
 *   must change and none was given, `plan.overlap-possible` where a flag day is asked for and nobody need be cut off
 */
export function classify(input: ClassifyInput): Classification {
  const { estate, now } = input;
  const goal = goalOf(input.target);
  refuseUnchangeable(estate, goal);
  const present = presentBundle(estate).bundle;
  const horizon = input.horizon ?? firstEnd(input.target.chain, now);
  const question = { chain: input.target.chain, hostname: hostnameOf(estate.identity.serverUrl), at: now };
  const { bundle } = input.target;
  if (input.replace === true) return classifyReplace({ ...question, bundle: bundle ?? present }, { estate, present });
  if (goal === "system-store" || present === "") return classifySource(input, { present, question, horizon });
  refuseBrokenPresent(estate, present, now);
  const changes = bundle !== undefined && !sameCertificates(present, bundle);
  if (changes) {
    refuseUnlessVerified({ ...question, bundle }, "the target bundle");
    if (holdsAll(present, bundle)) refuseWithoutMove(estate);
    const why = overlapReasons({ ...question, bundle: present }, horizon, bundle);
    return { procedure: "overlap", why: [...sourceReasons(estate, goal), ...why] };
  }
  refuseUnlessVerified({ ...question, bundle: present }, "the bundle that agents hold", bundle === undefined);
  const lasts = verifiesUntil({ ...question, bundle: present }, horizon);
  if (!lasts && bundle === undefined) {
    throw new FarrierError(
      "plan.bundle-needed",
      `The target chain verifies under the bundle that agents hold now, but not until ${horizon.toISOString()}.`,
    );
  }
  refuseWithoutMove(estate);
  return { procedure: "renew", why: renewReasons(lasts, horizon, bundle, present) };
}

/**
 * From a bundle to the system's own store, or back: an overlap, in which public roots stand for the store and are served
 * beside the private authority.
 */
function classifySource(
  { estate, target, now, publicRoots = "" }: ClassifyInput,
  { present, question, horizon }: SourceQuestion,
): Classification {
  const goal = goalOf(target);
  const toStore = goal === "system-store";
  if (present === "" && (toStore || target.bundle === undefined)) throw nothingToMove(toStore);
  if (toStore) refuseStrictAgents(estate);
  const storeChain = toStore ? target.chain : estate.serving.chain;
  const roots = publicRootsOf(storeChain, publicRoots, now);
  if (roots === "") throw unknownRoot(toStore, storeChain);
  refuseBrokenPresent(estate, toStore ? present : roots, now);
  const trusted = { ...question, bundle: toStore ? roots : (target.bundle ?? "") };
  refuseUnlessVerified(trusted, toStore ? "the public root that it ends at" : "the target bundle");
  const until = verifiesUntil(trusted, horizon);
  const named = certificatesIn(roots).map(({ subject }) => subject);
  const moves = toStore
    ? `Agents end without a pin: they trust their system's own store, and Rancher serves no bundle. Until they have shown that they accept the certificate so, ${named.join(" and ")} is served beside the present authority: overlap.`
    : `Agents pin no bundle and trust their system's own store: ${named.join(" and ")}, at which the present certificate ends, is served beside the target bundle until all pin it: overlap.`;
  const ends = until ? [] : [`The target chain verifies now, but not until ${horizon.toISOString()}.`];
  return { procedure: "overlap", why: [...sourceReasons(estate, goal), ...ends, moves] };
}

interface SourceQuestion {
  readonly present: string;
  readonly question: Omit<VerificationQuestion, "bundle">;
  readonly horizon: Date;
}

/** Nobody's trust would change. */
function nothingToMove(toStore: boolean): FarrierError {
  return toStore
    ? new FarrierError(
        "plan.no-procedure",
        "Rancher serves no trust bundle: its agents trust public authorities already.",
        {
          hint: "Agents need no new pin for another public certificate: put it into the Secret that Rancher's Ingress names, or leave it to cert-manager.",
        },
      )
    : new FarrierError("plan.bundle-needed", "Rancher serves no trust bundle: its agents trust public authorities.", {
        hint: "Name the bundle of the private CA with --cacerts. Another public certificate needs no rotation: agents have no pin.",
      });
}

function unknownRoot(toStore: boolean, chain: string): FarrierError {
  const last = certificatesIn(chain).at(-1)?.issuer ?? "nothing";
  const what = toStore ? "The target chain" : "The chain that Rancher presents now";
  return new FarrierError(
    toStore ? "plan.target-refused" : "plan.no-procedure",
    `${what} ends at ${last}, which is none of the public roots that are known here.`,
    {
      hint: "Give the chain with all its intermediates. Where the agents' image holds another list of roots than Node's, name that with --public-roots.",
    },
  );
}

/** The flag day: whoever holds the present bundle is cut off, so it is for when they are already. */
function classifyReplace(
  question: VerificationQuestion,
  { estate, present }: { readonly estate: Estate; readonly present: string },
): Classification {
  const broken = verification({ ...question, chain: estate.serving.chain, bundle: present });
  if (question.bundle === "") {
    throw new FarrierError(
      "plan.no-procedure",
      "A flag day does not lead to a public certificate: agents that are cut off cannot show that they accept it.",
      { hint: "Put back a certificate that agents accept, let them come back, and plan without --replace." },
    );
  }
  if (releaseForward(estate) !== undefined) {
    throw new FarrierError(
      "plan.no-procedure",
      `The certificate comes from ${SOURCES[estate.installation.tlsSource]}, which a flag day does not change.`,
      {
        hint: "Let cert-manager make a certificate again that agents accept, let them come back, and plan an overlap.",
      },
    );
  }
  if (estate.installation.tlsSource === "external") {
    throw new FarrierError(
      "plan.no-procedure",
      "TLS ends before the cluster, where a person changes the certificate: it cannot be replaced at once with the bundle.",
      { hint: "Let what ends TLS present a certificate that agents accept, let them come back, and plan an overlap." },
    );
  }
  if (broken.accepted) {
    throw new FarrierError(
      "plan.overlap-possible",
      "Agents accept the certificate that Rancher has now, so nobody need be cut off to change it.",
    );
  }
  refuseUnlessVerified(question, "the target bundle");
  const same = sameCertificates(present, question.bundle);
  if (!same && verification({ ...question, bundle: present }).accepted) {
    throw new FarrierError(
      "plan.overlap-possible",
      "Agents accept the target certificate under the bundle that they hold, so nobody need be cut off to change the bundle.",
      {
        hint: "Put the certificate in place alone (plan --replace without --cacerts) and apply that: agents come back by themselves. Then plan the change of the bundle without --replace.",
      },
    );
  }
  return {
    procedure: "replace",
    why: [
      `Agents refuse the certificate that Rancher has now: ${broken.why}`,
      same
        ? "The target verifies under the bundle that agents hold, so it is put in place at once, and they come back by themselves: replace."
        : "No overlap can start from it, so certificate and bundle change at once, and agents come back when they have the new pin: replace.",
    ],
  };
}

function overlapReasons(question: VerificationQuestion, horizon: Date, bundle: string): string[] {
  const until = horizon.toISOString();
  const verdict = verification(question);
  const first = verifiesUntil(question, horizon)
    ? `The target chain verifies under the bytes that agents hold until ${until}, but the bundle is to change.`
    : verdict.accepted
      ? `The target chain verifies under the bytes that agents hold now, but not until ${until}.`
      : `The target chain does not verify under the bytes that agents hold: ${verdict.why}`;
  const added = certificatesIn(bundle).filter(({ pem }) => !holdsAll(question.bundle, pem)).length;
  const dropped = certificatesIn(question.bundle).filter(({ pem }) => !holdsAll(bundle, pem)).length;
  return [
    first,
    `The target bundle adds ${added} and drops ${dropped} certificates, so the pin of every agent changes: overlap.`,
  ];
}

function renewReasons(lasts: boolean, horizon: Date, bundle: string | undefined, present: string): string[] {
  const until = horizon.toISOString();
  return [
    lasts
      ? `The target chain verifies under the bytes that agents hold until ${until}.`
      : `The target chain verifies under the bytes that agents hold now, but not until ${until}: an authority in the bundle ends before.`,
    bundle === undefined || bundle === present
      ? "The bundle does not change, nor does any pin: renew."
      : "The target bundle holds the same certificates as the present one, whose bytes stay as they are, and with them every pin: renew.",
  ];
}

/** What is served must fit the installation; where values have to change, it must be a Helm release. */
function refuseUnchangeable(estate: Estate, goal: Goal): void {
  const { tlsSource, privateCa } = estate.installation;
  if (tlsSource === "unknown") {
    throw new FarrierError("plan.no-procedure", "Where Rancher's certificate comes from could not be seen.", {
      hint: "Let this account read the Ingress or the Gateway that leads to Rancher, and cert-manager's Issuers.",
    });
  }
  const hasOwn = privateCa || tlsSource === "rancher";
  if (hasOwn === (estate.trust.pin === "")) {
    throw new FarrierError(
      "plan.no-procedure",
      hasOwn
        ? "Rancher serves no trust bundle, although its installation has one."
        : `Rancher serves a trust bundle, although privateCA is false and its certificate comes from ${SOURCES[tlsSource]}.`,
      {
        hint: hasOwn
          ? "Restart Rancher and look whether it serves the bundle then: farrier observe shows both."
          : "Where a Gateway leads to Rancher, ingress.tls.source must be set as well, or Rancher serves a CA of its own (helm get values shows it).",
      },
    );
  }
  const why = releaseForward(estate, goal) === undefined ? valuesObstacle(estate, goal) : releaseObstacle(estate);
  if (why === undefined) return;
  throw new FarrierError("plan.no-procedure", `Values of Rancher's chart have to change, and ${why}.`, {
    hint: "Set privateCA and ingress.tls.source in whatever Rancher is installed from, as the guide says, then plan again.",
  });
}

/** Values would have to change, and there is no release that has any. */
function valuesObstacle({ installation }: Estate, goal: Goal): string | undefined {
  const { installer, privateCa, tlsSource } = installation;
  if (goal === "system-store" ? !privateCa && tlsSource !== "rancher" : privateCa && !isIssued(tlsSource))
    return undefined;
  switch (installer.kind) {
    case "helm2":
      return `release ${installer.name} is of Helm 2`;
    case "manifests":
      return "Rancher was not installed by Helm";
    default:
      return "how Rancher was installed could not be looked at";
  }
}

/** Whoever keeps the Deployment would put it back. */
function releaseObstacle({ installation }: Estate): string | undefined {
  const { owners } = installation;
  return owners.length === 0 ? undefined : `${owners.join(" and ")} would put them back`;
}

/** The values can change only while a wider bundle is brought: with the present one alone, Rancher would serve none. */
function refuseWithoutMove(estate: Estate): void {
  if (releaseForward(estate) === undefined) return;
  throw new FarrierError(
    "plan.bundle-needed",
    "Rancher's own CA is to be left behind, and the target bundle brings no other authority.",
  );
}

function sourceReasons(estate: Estate, goal: Goal): string[] {
  const release = releaseForward(estate, goal);
  if (release === undefined) return [];
  const values = release.changes.flatMap((change) => change.values).map(describeValue);
  if (goal === "system-store") {
    const own = isIssued(estate.installation.tlsSource) ? " and its own generated CA is to be left behind" : "";
    return [
      `Rancher is to serve no bundle in the end${own}: Helm release ${release.namespace}/${release.name} is upgraded for that (${values.join(", ")}).`,
    ];
  }
  return [
    `The certificate comes from ${SOURCES[estate.installation.tlsSource]}: Helm release ${release.namespace}/${release.name} is upgraded to one that people bring (${values.join(", ")}).`,
  ];
}

const SOURCES: Readonly<Record<Estate["installation"]["tlsSource"], string>> = {
  secret: "a Secret",
  rancher: "Rancher's own generated CA",
  letsEncrypt: "Let's Encrypt",
  external: "a load balancer",
  unknown: "an unknown source",
};

/** An overlap keeps every agent working under the present certificate; where that fails already, it cannot. */
function refuseBrokenPresent(estate: Estate, bundle: string, now: Date): void {
  const hostname = hostnameOf(estate.identity.serverUrl);
  const { accepted, why } = verification({ chain: estate.serving.chain, bundle, hostname, at: now });
  if (accepted) return;
  throw new FarrierError(
    "plan.no-procedure",
    `The certificate that Rancher has now does not verify under the bundle that it serves, so no overlap can start from it: ${why}`,
    {
      hint: "Put back a certificate that the served bundle verifies, let the agents come back, then plan again. Where there is none, farrier plan --replace plans the flag day.",
    },
  );
}

function refuseUnlessVerified(question: VerificationQuestion, under: string, bundleMissing = false): void {
  const { accepted, why } = verification(question);
  if (accepted) return;
  const code = bundleMissing ? "plan.bundle-needed" : "plan.target-refused";
  throw new FarrierError(code, `The target chain does not verify under ${under}: ${why}`);
}

/** The first end of a certificate in the chain: nothing lasts longer than that. Never before `now`. */
function firstEnd(chain: string, now: Date): Date {
  const ends = certificatesIn(chain).map(({ notAfter }) => notAfter.getTime());
  return new Date(Math.max(now.getTime(), Math.min(...ends)));
}
