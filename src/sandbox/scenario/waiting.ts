export interface WaitOptions {
  /** What is waited for, for the error's sentence. */
  readonly what?: string;
  /** Wall seconds; 30 if not said. */
  readonly seconds?: number;
}

const PERIOD_MS = 10;

/** Resolves as soon as the condition holds. @throws Error that says what was waited for in vain */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { what = "the condition", seconds = 30 }: WaitOptions = {},
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
}
