import type { LookupAddress } from "node:dns";
import { describe, expect, it } from "vitest";
import { type Resolver, rememberingLookup } from "./name-lookup.ts";

/** A resolver whose records change, and that counts what it is asked. */
function resolver(records: Record<string, string>) {
  const asked: string[] = [];
  const resolve: Resolver = (hostname, { family }, callback) => {
    asked.push(hostname);
    const address = records[hostname];
    setImmediate(() => {
      if (address === undefined) callback(Object.assign(new Error("unknown"), { code: "ENOTFOUND" }), []);
      else callback(null, [{ address, family: family === 6 ? 6 : 4 }]);
    });
  };
  return { resolve, asked, records };
}

describe("the addresses of a server's name", () => {
  const world = (records: Record<string, string>) => {
    const clock = { ms: 0 };
    const dns = resolver(records);
    const lookup = rememberingLookup(dns.resolve, () => clock.ms);
    const addresses = (name: string, options = {}) =>
      new Promise<string | LookupAddress[]>((found, failed) => {
        lookup(name, { all: true, ...options }, (error, address) => (error ? failed(error) : found(address)));
      });
    return { clock, addresses, ...dns };
  };

  it("are asked for once by a thousand connections at the same time", async () => {
    const { addresses, asked } = world({ "rancher.example.org": "192.0.2.1" });
    const all = await Promise.all(Array.from({ length: 1000 }, () => addresses("rancher.example.org")));
    expect(new Set(all.map((one) => JSON.stringify(one)))).toEqual(new Set(['[{"address":"192.0.2.1","family":4}]']));
    expect(asked).toEqual(["rancher.example.org"]);
  });

  it("are asked for again after five seconds, so that a server that has moved is found", async () => {
    const { addresses, records, clock } = world({ "rancher.example.org": "192.0.2.1" });
    await addresses("rancher.example.org");
    records["rancher.example.org"] = "192.0.2.2";
    clock.ms = 4_999;
    expect(await addresses("rancher.example.org")).toEqual([{ address: "192.0.2.1", family: 4 }]);
    clock.ms = 5_000;
    expect(await addresses("rancher.example.org")).toEqual([{ address: "192.0.2.2", family: 4 }]);
  });

  it("are asked for again at once where there were none", async () => {
    const { addresses, records } = world({});
    await expect(addresses("rancher.example.org")).rejects.toMatchObject({ code: "ENOTFOUND" });
    records["rancher.example.org"] = "192.0.2.1";
    expect(await addresses("rancher.example.org")).toEqual([{ address: "192.0.2.1", family: 4 }]);
  });

  it.each([
    { name: "one address is wanted", options: { all: false }, found: "192.0.2.1" },
    {
      name: "addresses of another family are wanted",
      options: { family: 6 },
      found: [{ address: "192.0.2.1", family: 6 }],
    },
  ])("are given as they are wanted: $name", async ({ options, found }) => {
    const { addresses } = world({ "rancher.example.org": "192.0.2.1" });
    await addresses("rancher.example.org");
    expect(await addresses("rancher.example.org", options)).toEqual(found);
  });
});
