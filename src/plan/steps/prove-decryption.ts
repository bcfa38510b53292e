import type { Step } from "../plan.ts";

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
        'for file in backups/*.age; do age -d -i "$AGE_IDENTITY" "$file" > /dev/null && echo "$file can be decrypted"; done',
      ],
    },
    permissions: [],
    undo: { kind: "nothing-to-undo" },
  };
}
