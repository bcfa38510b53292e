/**
 * What a check reports. Checks never throw: they return every finding, not the first.
 * Codes are stable and dotted (`bundle.trailing-newline`); `docs/checks.md` is made from the catalogue.
 */
import { AGENT_FINDINGS } from "./findings/agents.ts";
import { BACKUP_FINDINGS } from "./findings/backups.ts";
import { CERTIFICATE_FINDINGS } from "./findings/certificates.ts";
import { MANAGEMENT_FINDINGS } from "./findings/management.ts";
import { REACH_FINDINGS } from "./findings/reaches.ts";
import { REFRESH_FINDINGS } from "./findings/refresh.ts";
import { STRICTER_FINDINGS } from "./findings/stricter.ts";

/**
 * - `error`: the rotation would hurt somebody, or cannot work; planning is refused.
 * - `warning`: it works, but somebody should know.
 * - `info`: a fact worth showing.
 */
export type Severity = "error" | "warning" | "info";

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What the finding is about: `target leaf`, `cluster c-m-x7k2p (paris)`, `secret cattle-system/tls-ca`. */
  readonly target: string;
  /** One sentence that names the thing and states the fact. */
  readonly sentence: string;
  /** What to do about it. */
  readonly hint: string;
}

interface FindingEntry {
  readonly severity: Severity;
  /** What the code means, for the documentation. */
  readonly meaning: string;
  readonly hint: string;
}

/** Every finding by its code; its parts by subject are in `findings/`. */
export const FINDINGS = {
  ...AGENT_FINDINGS,
  ...BACKUP_FINDINGS,
  ...CERTIFICATE_FINDINGS,
  ...STRICTER_FINDINGS,
  ...MANAGEMENT_FINDINGS,
  ...REACH_FINDINGS,
  ...REFRESH_FINDINGS,
} as const satisfies Record<string, FindingEntry>;

export type FindingCode = keyof typeof FINDINGS;

/** Makes a finding of the catalogue; `hint` and `severity` override the catalogue's where the check knows better. */
export function finding(
  code: FindingCode,
  target: string,
  sentence: string,
  override: { readonly hint?: string; readonly severity?: Severity } = {},
): Finding {
  const entry: FindingEntry = FINDINGS[code];
  return { code, severity: override.severity ?? entry.severity, target, sentence, hint: override.hint ?? entry.hint };
}
