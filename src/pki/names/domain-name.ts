/** Domain names as Go's crypto/x509 judges them. Strings hold one byte per character (Latin-1). */

/**
 * Go 1.26 `domainNameValid`. It omits what it would like to check (total length, label length, an empty name): existing
 * certificates broke when it did.
 *
 * @param use a constraint may start with a period: then it means "below this domain only"
 */
export function isDomainName(name: string, use: "name" | "constraint"): boolean {
  if (name === "") {
    return true;
  }
  if (name.endsWith(".")) {
    return false;
  }
  const labels = (use === "constraint" && name.startsWith(".") ? name.slice(1) : name).split(".");
  return labels.every((label) => /^[!-~]+$/.test(label));
}

/** Lower-cases A–Z only, as DNS does. */
export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Go's `domainToReverseLabels(domain)` succeeding: what may follow the `@` of a mailbox. */
export function isMailDomain(domain: string): boolean {
  return domain === "" || domain.split(".").every((label) => /^[!-~]+$/.test(label));
}
