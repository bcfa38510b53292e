/** What a refresh must know of a version of Rancher, where no object of the estate tells. */

/** As the estate's installation says it: `v2.15.1`, `v2.15-head`. One without a patch level counts as the newest of its line. */
function parts(
  version: string,
): { readonly major: string; readonly minor: number; readonly patch: number } | undefined {
  const [, major, minor, patch = "Infinity"] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return major === undefined ? undefined : { major, minor: Number(minor), patch: Number(patch) };
}

/**
 * Whether agents make a token for their account where it has none: from 2.6.7 on. Earlier ones take the first Secret that
 * the account names (pkg/agent/cluster). A version that cannot be read counts as a new one.
 */
export function agentMakesToken(version: string): boolean {
  const read = parts(version);
  if (read?.major !== "2") return true;
  return read.minor > 6 || (read.minor === 6 && read.patch >= 7);
}

/** Rancher 2.1 goes on with the cluster objects that its processes have read (manual procedure, row M2.10). */
export function keepsCopies(version: string): boolean {
  const read = parts(version);
  return read?.major === "2" && read.minor === 1;
}
