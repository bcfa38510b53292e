/** What a person has of a pod: a command that is run in it, and its log. The sandbox's API server says what a real one says. */

import { expect, test } from "vitest";
import type { Api } from "../../../src/kubernetes/api.ts";
import { ApiError } from "../../../src/kubernetes/api-error.ts";
import type { PodCommand } from "../../../src/kubernetes/pod-streams.ts";

export type PodPlace = Omit<PodCommand, "command">;

export const ECHO = ["echo", "one", "two words"] as const;

/** @param open a way to the cluster. @param place a container that runs an agent */
export function podStreams(open: () => Promise<Api>, place: () => Promise<PodPlace>): void {
  test("gives what the program has written", async () => {
    expect(await (await open()).run({ ...(await place()), command: ECHO })).toBe("one two words\n");
  });

  test.each<[string, Partial<PodCommand>, Partial<ApiError>]>([
    ["a pod that there is not", { pod: "gone" }, { status: 404, code: "api.not-found" }],
    ["a container that there is not", { container: "other" }, { status: 400, code: "api.refused" }],
    ["a program that fails", { command: ["false"] }, { reason: "NonZeroExitCode" }],
    ["a program that there is not", { command: ["vi"] }, { status: 500, reason: "InternalError" }],
  ])("%s is told by its answer", async (_case, other, expected) => {
    const command = { ...(await place()), command: ECHO, ...other };
    const error = await refusal((await open()).run(command));
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(/to: run (echo|false|vi) in pods\/\S+ in cattle-system: \S/);
  });

  test("follows a log whose container says nothing more, and gives its end", async () => {
    const api = await open();
    const log = await place();
    const end = await api.readLogEnd({ ...log, lines: 1 });
    expect(end).toMatch(/^time="\S+" level=info msg="Connected to proxy" url=\S+\n$/);
    expect(await api.followLog(log)).toBe(end);
  });
}

export async function refusal(asked: Promise<string>): Promise<ApiError> {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return error;
  throw new Error(`it was not refused: ${String(error)}`);
}
