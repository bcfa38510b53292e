/** All rules that others have and Go does not, in the order in which they are reported. */
import { authority } from "./authority.ts";
import { keyIdentifiers } from "./key-identifiers.ts";
import { names } from "./names.ts";
import { purpose } from "./purpose.ts";
import { root } from "./root.ts";
import type { StrictRule } from "./rule.ts";
import { serialNumber } from "./serial-number.ts";
import { servedOrder } from "./served-order.ts";
import { strength } from "./strength.ts";

export const STRICT_RULES: readonly StrictRule[] = [
  root,
  servedOrder,
  names,
  authority,
  purpose,
  keyIdentifiers,
  serialNumber,
  strength,
];
