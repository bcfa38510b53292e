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

test.each([
  { version: "2.15.1", valid: true },
  { version: "v2.6", valid: true },
  { version: "2.5.17", valid: false },
  { version: "3.0", valid: false },
  { version: "latest", valid: false },
  { version: "2.15.1-rc1", valid: false },
])("whether a scenario may name $version: $valid", ({ version, valid }) => {
  expect(isRancherVersion(version)).toBe(valid);
});
