/** Does every address present what the Secret holds? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

export function presentedChain({ estate }: CheckInput): Finding[] {
  const { presented, certificates, secret } = estate.serving;
  const expected = certificates[0]?.fingerprint;
  const name = secret === undefined ? "the Secret" : `secret ${secret.namespace}/${secret.name}`;
  return presented.flatMap(({ address, fingerprints, error }) => {
    const target = `address ${address}`;
    if (error !== undefined) {
      return [
        finding("serving.address-unreachable", target, `No TLS connection to ${address} could be made (${error}).`),
      ];
    }
    if (expected === undefined || fingerprints[0] === expected) return [];
    return [
      finding("serving.other-certificate", target, `${address} presents another certificate than ${name} holds.`),
    ];
  });
}
