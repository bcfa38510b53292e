/** What is wrong with a plan, a journal, a lock, a step or a backup. Alphabetical by code. */
import { type ErrorEntry, EXIT } from "./exit.ts";

export const ROTATION_ERRORS = {
  "backup.altered": {
    exit: EXIT.badInput,
    meaning: "A sealed file in backups/ is not the one that the plan or the journal names.",
    hint: "Put the rotation's directory back as it was, from a copy of it.",
  },
  "backup.cannot-decrypt": {
    exit: EXIT.badInput,
    meaning: "A sealed file in backups/ cannot be decrypted.",
    hint: "Name the identity that the rotation was made for: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.identity-invalid": {
    exit: EXIT.badInput,
    meaning: "The age identity cannot be read or is not one.",
    hint: "Name a file made by farrier or age-keygen: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.identity-missing": {
    exit: EXIT.badInput,
    meaning: "There is no age identity where one is needed to open the rotation's backups.",
    hint: "Name the identity that the rotation was made for: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.incomplete": {
    exit: EXIT.failed,
    meaning: "A copy ended before its end, or is not what was read: it was thrown away.",
    hint: "The message says where it ended. Mend that, and run the command again.",
  },
  "backup.missing": {
    exit: EXIT.badInput,
    meaning: "A file of backups/ is missing.",
    hint: "Put the rotation's directory back as it was, from a copy of it.",
  },
  "backup.recipient-invalid": {
    exit: EXIT.badInput,
    meaning: "A recipient of the backups is not an age recipient.",
    hint: "Recipients start with age1; farrier.yaml lists them under recipients.",
  },
  "journal.broken": {
    exit: EXIT.badInput,
    meaning: "The journal was edited, lacks lines or belongs to another rotation: its chain of hashes does not hold.",
    hint: "Put the journal back from a copy of the directory, or rebuild it from the estate with farrier adopt.",
  },
  "journal.head-differs": {
    exit: EXIT.failed,
    meaning: "The journal is not the one that the estate vouches for: it was cut off, replaced, or belongs to a copy.",
    hint: "Look for the directory in which the rotation was carried on; farrier adopt begins a new journal if it is lost.",
  },
  "journal.whole": {
    exit: EXIT.badInput,
    meaning: "The journal was to be rebuilt, and it is whole: the estate vouches for it.",
    hint: "Nothing was changed. farrier apply goes on with it.",
  },
  "lock.held": {
    exit: EXIT.locked,
    meaning: "Another process holds the estate, or has gone further with this rotation than this directory knows.",
    hint: "Go on where it was last worked on. If that is lost, farrier apply --take-over, or farrier adopt.",
  },
  "plan.bundle-needed": {
    exit: EXIT.badInput,
    meaning: "The target certificate needs another trust bundle than the present one, and none was given.",
    hint: "Name the bundle that agents shall trust in the end with --cacerts.",
  },
  "plan.edited": {
    exit: EXIT.badInput,
    meaning: "The plan was edited: what it says is no longer what farrier plan found and checked.",
    hint: "Put back the plan.json that farrier plan wrote. To plan otherwise, change farrier.yaml and make a new plan.",
  },
  "plan.invalid": {
    exit: EXIT.badInput,
    meaning: "The plan is not one that Farrier wrote: something in it is missing or has another shape.",
    hint: "Put back the plan.json that farrier plan wrote, or make a new plan.",
  },
  "plan.no-procedure": {
    exit: EXIT.badInput,
    meaning: "The change needs a procedure that this version does not have.",
    hint: "This version does renew, overlap and replace, among private authorities and to and from public ones.",
  },
  "plan.other-version": {
    exit: EXIT.badInput,
    meaning: "The plan was written by another version of Farrier, in a format that this one does not know.",
    hint: "Use the version that wrote the plan, or make a new plan.",
  },
  "plan.overlap-possible": {
    exit: EXIT.badInput,
    meaning: "A flag day was asked for, and the change can be made without cutting anybody off.",
    hint: "Plan without --replace.",
  },
  "plan.stale": {
    exit: EXIT.stale,
    meaning: "The estate is not as it was when the plan was made, or it is another estate.",
    hint: "Look at the difference, then make a new plan.",
  },
  "plan.target-refused": {
    exit: EXIT.checksFoundErrors,
    meaning: "The target certificate does not verify under its own bundle: agents would refuse it.",
    hint: "See farrier check with the same files: it names every fault and its fix.",
  },
  "plan.unreadable": {
    exit: EXIT.badInput,
    meaning: "The plan is cut off or is not JSON.",
    hint: "Put back the plan.json that farrier plan wrote, or make a new plan.",
  },
  "rotation.exists": {
    exit: EXIT.badInput,
    meaning: "The directory that was named for a new rotation already holds one.",
    hint: "Name another directory, or go on with the one that is there: farrier status.",
  },
  "rotation.finished": {
    exit: EXIT.badInput,
    meaning: "The rotation is finished: what was asked for has nothing left that it could be about.",
    hint: "farrier status shows how it ended; farrier rollback begins the way back.",
  },
  "rotation.held": {
    exit: EXIT.held,
    meaning: "A gate did not open, the rotation was paused, or a step was left undone.",
    hint: "farrier status says what it waits for; farrier apply goes on.",
  },
  "rotation.unwritable": {
    exit: EXIT.failed,
    meaning: "A file of the rotation cannot be written. What was not recorded was not done.",
    hint: "Make room or fix the permissions, then run the same command again.",
  },
  "step.conflict": {
    exit: EXIT.failed,
    meaning: "Somebody else changed the very field that Farrier was about to write.",
    hint: "Find out who it was before going on; farrier apply looks again.",
  },
  "step.failed": {
    exit: EXIT.failed,
    meaning: "A step failed for good.",
    hint: "Read the reason in farrier status; after mending it, farrier apply goes on.",
  },
  "step.taken-back": {
    exit: EXIT.failed,
    meaning: "Somebody else has taken back what a step had set, twice, while it waited for what follows from it.",
    hint: "Find out who it is: Rancher does so whenever somebody has it redeploy the cluster's agent. Then farrier apply sets it again.",
  },
} as const satisfies Record<string, ErrorEntry>;
