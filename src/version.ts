/** The version of this package. */
import { readFileSync } from "node:fs";

/** `version` of package.json, which stands one folder above both `src/` and `dist/`. */
export function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === "object" && parsed !== null && "version" in parsed) return String(parsed.version);
  return "unknown";
}
