/** What could not be looked at: an estate with gaps is partial, never silently smaller. */
import { FarrierError } from "../errors.ts";

export interface Gap {
  readonly target: string;
  readonly why: string;
}

export class Gaps {
  readonly found: Gap[] = [];

  add(target: string, why: string): void {
    this.found.push({ target, why });
  }

  /** The result of looking, or `otherwise` and a gap. Only errors that Farrier raises on purpose become gaps. */
  async look<T>(target: string, look: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await look();
    } catch (error) {
      this.add(target, whyOf(error));
      return otherwise;
    }
  }
}

/** The sentence of an error that is meant for people; anything else is a defect and goes on. */
export function whyOf(error: unknown): string {
  if (error instanceof FarrierError) return error.message;
  throw error;
}
