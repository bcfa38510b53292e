/** Mailboxes (RFC 2821) in certificates: Go's `parseRFC2821Mailbox`. */
import { isMailDomain } from "./domain-name.ts";

export interface Mailbox {
  /** Before the `@`, unquoted. */
  readonly local: string;
  readonly domain: string;
}

const ATOM = /[0-9A-Za-z!#$%&'*+\-/=?^_`{|}~.]/;

/** What may follow a backslash inside quotes. */
function isQuotable(character: string): boolean {
  const code = character.charCodeAt(0);
  return code >= 1 && code <= 127 && code !== 10 && code !== 13;
}

/** What may stand inside quotes by itself. Go accepts the space, as RFC 3696's examples do. */
function isQuoted(character: string): boolean {
  const code = character.charCodeAt(0);
  return isQuotable(character) && code !== 9 && character !== '"' && character !== "\\";
}

/** Undefined where Go finds no mailbox. The text holds one byte per character. */
export function parseMailbox(text: string): Mailbox | undefined {
  const split = text.startsWith('"') ? quotedLocalPart(text) : atomLocalPart(text);
  if (split === undefined || !split.rest.startsWith("@")) {
    return undefined;
  }
  const domain = split.rest.slice(1);
  return isMailDomain(domain) ? { local: split.local, domain } : undefined;
}

interface LocalPart {
  readonly local: string;
  readonly rest: string;
}

function quotedLocalPart(text: string): LocalPart | undefined {
  let local = "";
  for (let index = 1; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '"') {
      return { local, rest: text.slice(index + 1) };
    }
    if (character === "\\") {
      index += 1;
      if (!isQuotable(text.charAt(index))) {
        return undefined;
      }
      local += text.charAt(index);
    } else if (isQuoted(character)) {
      local += character;
    } else {
      return undefined;
    }
  }
  return undefined;
}

function atomLocalPart(text: string): LocalPart | undefined {
  let local = "";
  let index = 0;
  while (index < text.length) {
    const escaped = text.charAt(index) === "\\";
    if (!escaped && !ATOM.test(text.charAt(index))) {
      break;
    }
    index += escaped ? 1 : 0;
    if (index >= text.length) {
      return undefined;
    }
    local += text.charAt(index);
    index += 1;
  }
  if (local === "" || local.startsWith(".") || local.endsWith(".") || local.includes("..")) {
    return undefined;
  }
  return { local, rest: text.slice(index) };
}
