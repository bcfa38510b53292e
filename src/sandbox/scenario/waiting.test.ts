import { describe, expect, test } from "vitest";
import { rancherStartSeconds, waitUntil } from "./waiting.ts";

describe("what a simulated estate is waited for", () => {
  test("is named where it does not happen in time, with what a person can do", async () => {
    await expect(waitUntil(() => false, { what: "Rancher to serve", seconds: 0 })).rejects.toMatchObject({
      code: "sandbox.late",
      message: "The simulated estate was waited for in vain: Rancher to serve, for 0 s.",
      hint: expect.stringContaining("--clusters"),
    });
  });

  test.each([
    { name: "as seen on a real one, twenty times as fast", speed: 20, latest: 20, seconds: 61 },
    { name: "slowly, in real time", speed: 1, latest: 100, seconds: 160 },
    { name: "slower than a real one", speed: 0.1, latest: 20, seconds: 260 },
  ])("has the time of a Rancher that starts $name", ({ speed, latest, seconds }) => {
    const rancher = { version: "2.15.1", replicas: 1, settingDelaySeconds: 0, ingressReplicas: 1 };
    expect(rancherStartSeconds({ speed, rancher: { ...rancher, startSeconds: [5, latest], container: false } })).toBe(
      seconds,
    );
  });
});
