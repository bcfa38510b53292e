/**
 * Go takes every certificate of the bundle as an anchor. Others follow the chain up to a self-signed root, and mind what
 * they meet on the way: an expired root, a limit on the path, a missing issuer.
 */
import { finding } from "../../../findings.ts";
import { isSelfSigned } from "../../x509/signature.ts";
import { titleOf } from "../place.ts";
import { verifyPath } from "../verify-path.ts";
import type { StrictRule } from "./rule.ts";

const WHO = "OpenSSL, curl and browsers";

export const root: StrictRule = ({ accepted, path, leaf, served, anchors, hostname, at, places }) => {
  const anchor = path.at(-1);
  if (!accepted || anchor === undefined || isSelfSigned(anchor)) {
    return [];
  }
  const roots = anchors.filter(isSelfSigned);
  const others = anchors.filter((candidate) => !isSelfSigned(candidate));
  const answer = verifyPath({
    leaf,
    intermediates: [...served.slice(1), ...others],
    anchors: roots,
    hostname,
    at,
    places,
  });
  if (answer.accepted) {
    return [];
  }
  const [first] = answer.faults;
  const why = first === undefined ? "" : ` ${first.sentence}`;
  return [
    finding(
      "strict.no-root",
      places.of(anchor),
      `Go's chain ends at ${titleOf(anchor)}, which is in the bundle but is no root; ${WHO} go on to the root and fail.${why}`,
    ),
  ];
};
