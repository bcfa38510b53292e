/** What is wrong with files, flags and names that a person gave. Alphabetical by code. */
import { type ErrorEntry, EXIT } from "./exit.ts";

export const INPUT_ERRORS = {
  "input.certificate-malformed": {
    exit: EXIT.badInput,
    meaning: "A certificate is encoded in a way that the agents' Go code cannot parse.",
    hint: "Have it issued again; the message says what is wrong and at which byte.",
  },
  "input.cluster-ambiguous": {
    exit: EXIT.badInput,
    meaning: "Several clusters have the name that was given.",
    hint: "Name the cluster by its id.",
  },
  "input.cluster-unknown": {
    exit: EXIT.badInput,
    meaning: "No cluster has the id, name or URL that was given.",
    hint: "farrier observe lists all clusters.",
  },
  "input.file-empty": {
    exit: EXIT.badInput,
    meaning: "A file that was named is empty.",
    hint: "Check that the command that was to write it succeeded.",
  },
  "input.file-exists": {
    exit: EXIT.badInput,
    meaning: "A file that would be written is already there.",
    hint: "Choose another directory, or give --force to overwrite.",
  },
  "input.file-missing": {
    exit: EXIT.badInput,
    meaning: "A file or directory that was named does not exist.",
    hint: "Check the path; relative paths start at the current directory.",
  },
  "input.file-too-large": {
    exit: EXIT.badInput,
    meaning: "A file that was named is far too large for what it should hold.",
    hint: "Name the PEM file itself: certificates and keys are a few kilobytes.",
  },
  "input.file-unreadable": {
    exit: EXIT.badInput,
    meaning: "A file that was named cannot be read.",
    hint: "Check its permissions, and that it is a regular file.",
  },
  "input.file-unwritable": {
    exit: EXIT.badInput,
    meaning: "A file that was named cannot be written.",
    hint: "Check the directory's permissions and the space on its disk.",
  },
  "input.invalid": {
    exit: EXIT.badInput,
    meaning: "A value on the command line, in the environment or in farrier.yaml is not valid.",
    hint: "See the command's --help.",
  },
  "input.key-malformed": {
    exit: EXIT.badInput,
    meaning: "A file holds no private key, more than one, or one that cannot be read.",
    hint: "Name a file with exactly one private key in PEM: PKCS#8, PKCS#1 or SEC1.",
  },
  "input.key-passphrase": {
    exit: EXIT.badInput,
    meaning: "A private key is encrypted, and the passphrase is missing or wrong.",
    hint: "Give the passphrase with --key-passphrase-file, or in the environment variable FARRIER_KEY_PASSPHRASE.",
  },
  "input.needs-conversion": {
    exit: EXIT.badInput,
    meaning: "A file holds certificates or keys in another format than PEM: DER, PKCS#7, PKCS#12 or UTF-16 text.",
    hint: "Convert it with the command that the message names.",
  },
  "input.not-confirmed": {
    exit: EXIT.badInput,
    meaning: "A command that changes the estate needs a person's yes, and nobody could be asked.",
    hint: "Look at the plan, then run the command again with --yes.",
  },
  "input.not-pem": {
    exit: EXIT.badInput,
    meaning: "A file holds no PEM block of the kind that is needed.",
    hint: "Check that it is the file that you mean; certificates and keys in another format are converted with openssl.",
  },
  "input.usage": {
    exit: EXIT.badInput,
    meaning: "The command line cannot be understood.",
    hint: "See farrier --help.",
  },
} as const satisfies Record<string, ErrorEntry>;
