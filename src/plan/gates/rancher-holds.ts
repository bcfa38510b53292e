/** What Rancher itself holds a gate with. */
import type { Estate, SecretFacts } from "../../estate/estate.ts";
import { pinOf, settingValueOf } from "../../pki/pin.ts";
import { hostnameOf, leafFingerprint, verification } from "../chain.ts";
import type { Epoch, Plan } from "../plan.ts";
import { anchorsOf } from "../system-store.ts";
import type { Hold } from "./hold.ts";
import { secretCalled, stopWriter } from "./put-back.ts";

/** Whether every request to Rancher was answered with this epoch's bundle. */
export function servesEverywhere(estate: Estate, epoch: Epoch): boolean {
  const { served } = estate.trust;
  return served.length > 0 && served.every((value) => pinOf(value) === epoch.pin);
}

/** Every replica serves the epoch's bundle. */
export function servedHolds(estate: Estate, epoch: Epoch): Hold[] {
  if (servesEverywhere(estate, epoch)) return [];
  return [
    {
      target: "rancher",
      why: `Not every replica of Rancher serves the bundle of epoch ${epoch.name}.`,
      hint: "Wait until all its pods were made after the Secret was written; a replica that started too early must be restarted.",
    },
  ];
}

/** The chain that is, or is about to be, presented verifies under the bytes that agents will hold. */
export function chainHolds(plan: Plan, epoch: Epoch, now: Date): Hold[] {
  const hostname = hostnameOf(plan.estate.serverUrl);
  const { chain } = plan.serving.target;
  const { accepted, why } = verification({ chain, bundle: anchorsOf(epoch), hostname, at: now });
  if (accepted) return [];
  return [
    {
      target: "rancher",
      why: `The certificate that is to be presented does not verify under the bundle of epoch ${epoch.name}: ${why}`,
      hint: "Make a new plan with a certificate that does; farrier check names what is wrong with this one.",
    },
  ];
}

/**
 * What is presented now verifies under a bundle that is about to be served: agents that start with that bundle will
 * meet it. Weeks may lie between the proof of the switch and `narrow`, in which somebody can put the old one back.
 */
export function acceptedHolds(plan: Plan, estate: Estate, epoch: Epoch, now: Date): Hold[] {
  const hostname = hostnameOf(plan.estate.serverUrl);
  const { chain, presented } = estate.serving;
  const accepts = (one: string) => verification({ chain: one, bundle: anchorsOf(epoch), hostname, at: now });
  const chains = [chain, plan.serving.current.chain, plan.serving.target.chain];
  const known = new Set(chains.filter((one) => accepts(one).accepted).map(leafFingerprint));
  const refused = presented.filter(({ fingerprints: [leaf] }) => leaf !== undefined && !known.has(leaf));
  // Where no Secret has it, the chain is that of an address, which is among those that are refused.
  const stored = isTerminatedElsewhere(plan) ? { accepted: true, why: "" } : accepts(chain);
  const secret = servingSecretOf(plan, estate);
  const found = [
    ...(stored.accepted ? [] : [`${secretCalled(secret)} holds a certificate`]),
    ...refused.map(({ address }) => `${address} presents a certificate`),
  ];
  return found.map((what) => ({
    target: "rancher",
    why: `${what} that agents would refuse once they hold the bundle of epoch ${epoch.name}${stored.accepted ? "" : `: ${stored.why}`}`,
    hint: `${stopWriter(stored.accepted ? [] : secret.owners)}; farrier rollback leads back from here.`,
  }));
}

/** The Secret holds the epoch's bundle: otherwise Rancher's next start changes what agents are served. */
export function settledHolds(plan: Plan, estate: Estate, epoch: Epoch): Hold[] {
  const { written } = estate.trust;
  if (written === undefined || settingValueOf(written) === settingValueOf(epoch.bundle)) return [];
  const { namespace, trustSecret: name } = plan.rancher;
  const secret = estate.trust.secret ?? { namespace, name, owners: [] };
  const data = `jq -c '{data:{"cacerts.pem":(.epochs[]|select(.name=="${epoch.name}").bundle|@base64)}}' plan.json`;
  return [
    {
      target: "rancher",
      why: `${secretCalled(secret)} does not hold the bundle of epoch ${epoch.name} any more: Rancher's next start would serve another.`,
      hint: `${stopWriter(secret.owners)}; then put the bundle back: kubectl -n ${namespace} patch secret ${name} --type=merge -p "$(${data})".`,
    },
  ];
}

/** Before the next bundle is written, the Secret holds the one before it. Where it was written already, that is completed. */
export function unwrittenHolds(plan: Plan, estate: Estate, next: Epoch): Hold[] {
  const before = plan.epochs[plan.epochs.findIndex(({ name }) => name === next.name) - 1];
  if (before === undefined || settledHolds(plan, estate, next).length === 0) return [];
  return settledHolds(plan, estate, before);
}

function servingSecretOf(plan: Plan, estate: Estate): Pick<SecretFacts, "namespace" | "name" | "owners"> {
  const { namespace, servingSecret: name } = plan.rancher;
  return estate.serving.secret ?? { namespace, name, owners: [] };
}

/** Every address presents the target certificate. */
export function presentedHolds(plan: Plan, estate: Estate): Hold[] {
  const leaf = leafFingerprint(plan.serving.target.chain);
  const { chain } = estate.serving;
  if (isTerminatedElsewhere(plan)) return handOverHolds(plan, estate);
  if (chain !== plan.serving.target.chain && leafFingerprint(chain) !== leaf) {
    const secret = servingSecretOf(plan, estate);
    return [
      {
        target: "rancher",
        why: `${secretCalled(secret)} does not hold the target certificate any more: another was written since the switch.`,
        hint: `${stopWriter(secret.owners)}; then write the target certificate and its key to it again, or go back with farrier rollback.`,
      },
    ];
  }
  const what = notPresented(estate, leaf);
  if (what === undefined) return [];
  return [
    {
      target: "rancher",
      why: `${what} the target certificate.`,
      hint: "Wait for the ingress controller; if it stays so, look at its replicas and at who else writes the Secret.",
    },
  ];
}

/** A person has given the target certificate to what ends TLS before the cluster: seen from outside, at every address. */
export function handOverHolds(plan: Plan, estate: Estate): Hold[] {
  const what = notPresented(estate, leafFingerprint(plan.serving.target.chain));
  if (what === undefined) return [];
  return [
    {
      target: "rancher",
      why: `${what} the target certificate, and TLS ends before the cluster, where a person changes it.`,
      hint: "Every agent accepts it by now: give it, with its chain and key, to what ends TLS (a load balancer or proxy), then farrier apply goes on.",
    },
  ];
}

function isTerminatedElsewhere({ rancher }: Plan): boolean {
  return rancher.terminator === "external";
}

/** `192.0.2.1:443 does not present`: who does not show this leaf; undefined where every address does. */
function notPresented({ serving: { presented } }: Estate, leaf: string): string | undefined {
  const late = presented.filter(({ fingerprints, error }) => error !== undefined || fingerprints[0] !== leaf);
  if (late.length > 0) return `${late.map(({ address }) => address).join(", ")} does not present`;
  return presented.length > 0 ? undefined : "No address of Rancher presents";
}
