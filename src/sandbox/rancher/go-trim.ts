/**
 * Go's `strings.TrimSpace`, which Rancher applies to the file before it stores it. It differs from JavaScript's
 * `trim`: U+0085 is white space to Go, U+FEFF (a byte order mark) is not.
 */
export function trimSpace(text: string): string {
  return text.replace(LEADING, "").replace(TRAILING, "");
}

const SPACE = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const LEADING = new RegExp(`^${SPACE}`);
const TRAILING = new RegExp(`${SPACE}$`);
