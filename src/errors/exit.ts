/** Exit codes, and what every error has. */

/** What the process tells its caller; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  failed: 1,
  badInput: 2,
  checksFoundErrors: 3,
  held: 4,
  stale: 5,
  locked: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What the catalogue knows of a code. */
export interface ErrorEntry {
  readonly exit: ExitCode;
  /** What the code means, for the documentation. The sentence of a thrown error names the actual thing. */
  readonly meaning: string;
  /** What to do about it, unless the throwing code knows better. */
  readonly hint: string;
}
