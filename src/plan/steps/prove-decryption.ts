import type { Step } from "../plan.ts";
import { unseal } from "./commands.ts";

/** `rotation/prove-decryption`: shows that whatever a later step or a way back needs can be decrypted here and now. */
export function proveDecryption(): Step {
  return {
    id: "rotation/prove-decryption",
    kind: "prove-decryption",
    target: "rotation",
    says: "Prove that everything in backups/ that a later step needs can be decrypted.",
    manual: {
      row: "M1.2",
      commands: [
        "# Your identity opens the rotation's key, and that opens the others. What prints no line cannot be decrypted.",
        "for file in backups/*.age; do",
        '  if [ "$file" = backups/rotation-key.age ]; then age -d -i "$AGE_IDENTITY" "$file"',
        `  else ${unseal('"$file"')}; fi > /dev/null && echo "$file can be decrypted"`,
        "done",
      ],
    },
    permissions: [],
    undo: { kind: "nothing-to-undo" },
  };
}
