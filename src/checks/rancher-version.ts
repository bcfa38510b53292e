/** Is this a Rancher whose behaviour is known? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

/** The first minor version with the endpoints and conditions that a rotation is proved by (`Connected`, `/cacerts`). */
const OLDEST = { major: 2, minor: 6 } as const;

export function rancherVersion({ estate }: CheckInput): Finding[] {
  const { version } = estate.installation;
  const match = /^v?(\d+)\.(\d+)/.exec(version);
  if (match === null) {
    const shown = version === "" ? "not known" : `"${version}"`;
    return [
      finding("rancher.version-unknown", "Rancher", `Rancher's version is ${shown}; it is taken for a recent one.`),
    ];
  }
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return [];
  return [finding("rancher.too-old", "Rancher", `Rancher ${version} is older than ${OLDEST.major}.${OLDEST.minor}.`)];
}
