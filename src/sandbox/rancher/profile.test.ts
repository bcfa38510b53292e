import { describe, expect, test } from "vitest";
import { isRancherVersion, rancherProfile } from "./profile.ts";

describe("what a version of Rancher can do", () => {
  test.each([
    { version: "2.6", full: "v2.6.14", status: false, tlsMode: false, tokens: false, rke1: true, denies: "nobody" },
    { version: "2.9", full: "v2.9.12", status: false, tlsMode: true, tokens: false, rke1: true, denies: "nobody" },
    { version: "2.12", full: "v2.12.12", status: false, tlsMode: true, tokens: false, rke1: false, denies: "nobody" },
    { version: "2.13.7", full: "v2.13.7", status: false, tlsMode: true, tokens: false, rke1: false, denies: "nobody" },
    { version: "2.13.8", full: "v2.13.8", status: false, tlsMode: true, tokens: true, rke1: false, denies: "nobody" },
    { version: "v2.14.3", full: "v2.14.3", status: false, tlsMode: true, tokens: false, rke1: false, denies: "nobody" },
    { version: "2.15.0", full: "v2.15.0", status: true, tlsMode: true, tokens: true, rke1: false, denies: "everyone" },
    {
      version: "2.15",
      full: "v2.15.1",
      status: true,
      tlsMode: true,
      tokens: true,
      rke1: false,
      denies: "all-but-rancher",
    },
  ])("$version", ({ version, full, status, tlsMode, tokens, rke1, denies }) => {
    expect(rancherProfile(version)).toMatchObject({
      version: full,
      statusSubresource: status,
      tlsMode,
      tokenSecrets: tokens,
      rke1,
      webhookDeniesCacerts: denies,
    });
  });
});

describe("how it comes by a cluster's CA and token (rancher.md, version matrix and §7.2; manuals.md M2.9, M2.10)", () => {
  test.each([
    { version: "2.1", full: "v2.1.14", status: true, first: true, once: true, copies: true, persons: false },
    { version: "2.4", full: "v2.4.18", status: true, first: true, once: true, copies: false, persons: false },
    { version: "2.5.15", full: "v2.5.15", status: true, first: true, once: false, copies: false, persons: false },
    { version: "2.5", full: "v2.5.17", status: false, first: true, once: false, copies: false, persons: false },
    { version: "2.6.6", full: "v2.6.6", status: true, first: true, once: false, copies: false, persons: true },
    { version: "2.6.7", full: "v2.6.7", status: false, first: false, once: false, copies: false, persons: true },
    { version: "2.15", full: "v2.15.1", status: false, first: false, once: false, copies: false, persons: true },
  ])("$version", ({ version, full, status, first, once, copies, persons }) => {
    expect(rancherProfile(version)).toMatchObject({
      version: full,
      tokenInStatus: status,
      firstSecret: first,
      reportOnce: once,
      clusterCopies: copies,
      personAccounts: persons,
    });
  });
});

test.each([
  { version: "2.15.1", valid: true },
  { version: "v2.6", valid: true },
  { version: "2.1.14", valid: true },
  { version: "2.0.16", valid: false },
  { version: "3.0", valid: false },
  { version: "latest", valid: false },
  { version: "2.15.1-rc1", valid: false },
])("whether a scenario may name $version: $valid", ({ version, valid }) => {
  expect(isRancherVersion(version)).toBe(valid);
});
