import { describe, expect, test } from "vitest";
import { type ContainerProgram, isPullable, pause, programOf } from "./container-program.ts";

const program = (): ContainerProgram => ({
  start: () => ({ exited: Promise.resolve(0), stop() {}, ready: () => true }),
});
const agent = program();
const windows = program();
const rancher = program();
const programs = {
  "rancher/rancher-agent": agent,
  "rancher/rancher-agent-windows": windows,
  "rancher/rancher": rancher,
};

describe("the program of an image", () => {
  test.each([
    { image: "rancher/rancher-agent:v2.15.1", is: agent },
    { image: "rancher/rancher-agent@sha256:abc", is: agent },
    { image: "registry.example:5000/mirror/rancher/rancher-agent:v2.15.1", is: agent },
    { image: "rancher/rancher-agent-windows:v1", is: windows },
    { image: "rancher/rancher:v2.15.1", is: rancher },
    { image: "somebody/else:v1", is: pause },
  ])("$image", ({ image, is }) => {
    expect(programOf({ programs }, image)).toBe(is);
  });
});

describe("pulling", () => {
  test.each([
    { image: "rancher/missing:v1", is: false },
    { image: "missing", is: false },
    { image: "registry.example/missing@sha256:abc", is: false },
    { image: "rancher/missing-piece:v1", is: true },
    { image: "missing/agent:v1", is: true },
  ])("$image: $is", ({ image, is }) => {
    expect(isPullable({ programs }, image)).toBe(is);
  });

  test("a scenario decides for itself", () => {
    const images = { programs, unpullable: (image: string) => image.endsWith(":v2") };
    expect(["missing:v1", "agent:v2"].map((image) => isPullable(images, image))).toEqual([true, false]);
  });
});
