import type { Scenario } from "./scenario.ts";

/** A bundle as people really write it into `tls-ca`; Rancher stores whatever it is, less the outer white space. */
export function bundleText(bundle: string, form: Scenario["tls"]["bundle"]): string {
  switch (form) {
    case "plain":
      return bundle;
    case "crlf":
      return bundle.replaceAll("\n", "\r\n");
    case "bom":
      return `\uFEFF${bundle}`;
    case "comment":
      return `# Example Corp, internal use\n\n${bundle.replaceAll("-----BEGIN", "\n# next\n-----BEGIN")}\n\n`;
  }
}
