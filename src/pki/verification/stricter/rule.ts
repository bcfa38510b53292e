/** Rules that Go does not have but others do. They never make the agents refuse: they are warnings that say who minds. */
import type { Finding } from "../../../findings.ts";
import type { X509 } from "../../x509/parse.ts";
import type { Places } from "../place.ts";

export interface StrictQuestion {
  /** Whether Go accepts the chain. */
  readonly accepted: boolean;
  /** The chain that Go takes, leaf first, anchor last (only the leaf when it is an anchor); when refused, what is served. */
  readonly path: readonly X509[];
  readonly leaf: X509;
  /** Everything of the path above the leaf. */
  readonly authorities: readonly X509[];
  /** What the server sends, leaf first. */
  readonly served: readonly X509[];
  readonly anchors: readonly X509[];
  readonly hostname: string | undefined;
  readonly at: Date;
  readonly places: Places;
}

export type StrictRule = (question: StrictQuestion) => readonly Finding[];

/** Who follows RFC 5280 to the letter. */
export const STRICT_OPENSSL = "OpenSSL with -x509_strict and Python from 3.13 on";
