import { describe, expect, it } from "vitest";
import { containerOfFlags, type ManagementSources, managementWay, refuseEngineAlone } from "./management-way.ts";

const container = (name: string) => ({ managementContainer: { name } });
const sources = (given: Partial<ManagementSources>): ManagementSources => ({
  flags: {},
  environment: {},
  file: {},
  ...given,
});

describe("the way to the management cluster", () => {
  const rows: [string, Partial<ManagementSources>, object][] = [
    [
      "is the usual kubeconfig where nothing is named",
      { environment: { KUBECONFIG: "/usual" } },
      { kubeconfig: "/usual" },
    ],
    [
      "is the file's before that",
      { file: { kubeconfig: "/file" }, environment: { KUBECONFIG: "/usual" } },
      { kubeconfig: "/file" },
    ],
    [
      "is Farrier's own variable before the file's",
      { file: { kubeconfig: "/file" }, environment: { FARRIER_KUBECONFIG: "/own", KUBECONFIG: "/usual" } },
      { kubeconfig: "/own" },
    ],
    [
      "is the flag's before all others",
      { flags: { kubeconfig: "/flag" }, file: { kubeconfig: "/file" }, environment: { FARRIER_KUBECONFIG: "/own" } },
      { kubeconfig: "/flag" },
    ],
    [
      "has the flag's context, before the environment's and the file's",
      { flags: { context: "flag" }, file: { context: "file" }, environment: { FARRIER_CONTEXT: "own" } },
      { context: "flag" },
    ],
    [
      "has the environment's context, before the file's",
      { file: { kubeconfig: "/file", context: "file" }, environment: { FARRIER_CONTEXT: "own" } },
      { kubeconfig: "/file", context: "own" },
    ],
    [
      "has the file's context",
      { file: { kubeconfig: "/file", context: "file" } },
      { kubeconfig: "/file", context: "file" },
    ],
    ["is the file's container", { file: container("rancher") }, container("rancher")],
    [
      "is the file's container, whatever kubeconfig kubectl would take",
      { file: container("rancher"), environment: { KUBECONFIG: "/usual" } },
      container("rancher"),
    ],
    [
      "is a kubeconfig that a flag names, before the file's container",
      { flags: { kubeconfig: "/flag" }, file: container("rancher") },
      { kubeconfig: "/flag" },
    ],
    [
      "is a kubeconfig that Farrier's variable names, before the file's container",
      { environment: { FARRIER_KUBECONFIG: "/own" }, file: container("rancher") },
      { kubeconfig: "/own" },
    ],
    [
      "is the flag's container, before everything in file and environment",
      {
        flags: container("here"),
        file: { kubeconfig: "/file", ...container("there") },
        environment: { FARRIER_KUBECONFIG: "/own" },
      },
      container("here"),
    ],
  ];
  it.each(rows)("%s", (_, given, expected) => {
    const way = managementWay(sources(given));
    expect(Object.fromEntries(Object.entries(way).filter(([, value]) => value !== undefined))).toEqual(expected);
  });

  const twice: [string, Partial<ManagementSources>, string, RegExp][] = [
    [
      "by two flags",
      { flags: { ...container("r"), kubeconfig: "/x" } },
      "input.usage",
      /by --management-container and by a kubeconfig\.$/,
    ],
    ["by a flag, with a context", { flags: { ...container("r"), context: "x" } }, "input.usage", /and by a context\.$/],
    [
      "by two settings",
      { file: { ...container("r"), kubeconfig: "/x" } },
      "input.invalid",
      /by managementContainer and by a kubeconfig\.$/,
    ],
    [
      "by a setting, with a context in the file",
      { file: { ...container("r"), context: "x" } },
      "input.invalid",
      /and by a context\.$/,
    ],
    [
      "by a setting, with a context in a flag",
      { flags: { context: "x" }, file: container("r") },
      "input.invalid",
      /and by a context\.$/,
    ],
    [
      "by a setting, with a context in the environment",
      { environment: { FARRIER_CONTEXT: "x" }, file: container("r") },
      "input.invalid",
      /and by a context\.$/,
    ],
  ];
  it.each(twice)("may not be named twice: %s", (_, given, code, message) => {
    expect(() => managementWay(sources(given))).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

describe("the container that flags name", () => {
  it("is none without its name", () => {
    expect(containerOfFlags({ engineSocket: "/run/docker.sock", managementContainer: true })).toBeUndefined();
  });

  it("has its engine as it was given, and the configuration of SSH from here", () => {
    const options = { managementContainer: "rancher", engineSocket: "ssh://root@host", sshConfig: "ssh/config" };
    expect(containerOfFlags(options)).toEqual({
      name: "rancher",
      engineSocket: "ssh://root@host",
      sshConfig: `${process.cwd()}/ssh/config`,
    });
    expect(containerOfFlags({ managementContainer: "rancher" })).toEqual({ name: "rancher" });
  });
});

describe("an engine that is named", () => {
  const alone: [Record<string, unknown>, string][] = [
    [{ engineSocket: "/x" }, "--engine-socket needs --container or --management-container."],
    [{ sshConfig: "/x" }, "--ssh-config needs --container or --management-container."],
    [{ sshConfig: "/x", engineSocket: "/y" }, "--engine-socket needs --container or --management-container."],
  ];
  it.each(alone)("%j is refused without a container", (options, message) => {
    expect(() => refuseEngineAlone(options)).toThrow(expect.objectContaining({ code: "input.usage", message }));
  });

  const fine: Record<string, unknown>[] = [
    {},
    { container: "rancher", engineSocket: "/x" },
    { managementContainer: "rancher", engineSocket: "/x", sshConfig: "/y" },
  ];
  it.each(fine)("%j is not", (options) => {
    expect(() => refuseEngineAlone(options)).not.toThrow();
  });
});
