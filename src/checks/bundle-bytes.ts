/** What is odd about the bundle of today. Agents live with it, so nothing here is an error. */
import type { Finding } from "../findings.ts";
import { bundleFindings } from "../pki/bundle-findings.ts";
import type { CheckInput } from "./check.ts";

export function bundleBytes({ estate }: CheckInput): Finding[] {
  const bundle = estate.trust.served[0] ?? estate.trust.stored;
  if (bundle === "") return [];
  return bundleFindings(bundle, "setting cacerts").map((found) =>
    found.severity === "error" ? { ...found, severity: "warning" as const } : found,
  );
}
