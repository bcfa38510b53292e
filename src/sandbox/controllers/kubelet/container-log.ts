/** The log of one run of a container: what `kubectl logs` shows, with `-f` what comes after. */

import { inOnePiece } from "../../api-server/shared-text.ts";

export interface LogLine {
  readonly at: Date;
  readonly text: string;
}

/** A real node keeps 10 MiB a container; hundreds of clusters in one process keep the newest lines. */
const LINES_KEPT = 500;

interface Follower {
  readonly onLine: (line: LogLine) => void;
  readonly onEnd: () => void;
}

export class ContainerLog {
  readonly #texts: string[] = [];
  /** When each was written, in milliseconds: a list of numbers takes a tenth of as many dates. */
  readonly #times: number[] = [];
  readonly #followers = new Set<Follower>();
  #ended = false;

  get lines(): readonly LogLine[] {
    return this.#texts.map((text, index) => ({ at: new Date(this.#times[index] ?? 0), text }));
  }

  append(line: LogLine): void {
    this.#texts.push(inOnePiece(line.text));
    this.#times.push(line.at.getTime());
    if (this.#texts.length > LINES_KEPT) {
      this.#texts.shift();
      this.#times.shift();
    }
    for (const follower of this.#followers) follower.onLine(line);
  }

  /** The run is over: nothing more will come. */
  end(): void {
    this.#ended = true;
    for (const follower of this.#followers) follower.onEnd();
    this.#followers.clear();
  }

  /** Tells of lines from now on, and of the end; of an ended log at once. @returns how to stop that */
  follow(onLine: (line: LogLine) => void, onEnd: () => void): () => void {
    const follower = { onLine, onEnd };
    if (this.#ended) onEnd();
    else this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }
}
