/** Asking for the addresses of a server's name, as rarely as its connections are many. */
import type { LookupAddress, LookupAllOptions } from "node:dns";
import type { LookupFunction } from "node:net";

/** The system's resolver, as `node:dns` has it. */
export type Resolver = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Milliseconds for which an answer is good; much shorter than the life of any DNS record of a server that is moved. */
const KEPT_MS = 5_000;

/**
 * What a connection asks for its server's addresses. Each watch takes a connection of its own, and thousands of them
 * begin within seconds; the resolver is asked once for all. A name that it does not know is asked for again each time.
 * @param now milliseconds of a clock that never goes back
 */
export function rememberingLookup(resolve: Resolver, now: () => number = () => performance.now()): LookupFunction {
  const known = new Map<string, { readonly until: number; readonly addresses: Promise<LookupAddress[]> }>();
  const ask = (hostname: string, options: LookupAllOptions): Promise<LookupAddress[]> =>
    new Promise((found, failed) => {
      resolve(hostname, options, (error, addresses) => (error === null ? found(addresses) : failed(error)));
    });
  return (hostname, { all, ...options }, callback) => {
    const key = JSON.stringify([hostname, options]);
    const kept = known.get(key);
    const addresses =
      kept !== undefined && now() < kept.until ? kept.addresses : ask(hostname, { ...options, all: true });
    if (addresses !== kept?.addresses) known.set(key, { until: now() + KEPT_MS, addresses });
    addresses.then(
      (list) => {
        if (all === true) callback(null, list);
        else callback(null, list[0]?.address ?? "", list[0]?.family);
      },
      (error: NodeJS.ErrnoException) => {
        if (known.get(key)?.addresses === addresses) known.delete(key);
        callback(error, "");
      },
    );
  };
}
