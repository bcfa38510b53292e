/**
 * How many connections the agents of this process open at the same time. Opening one takes the processor and little
 * else, so that more of them at once would not be ready sooner, but each would hold two ends of a handshake meanwhile,
 * some 90 KB apiece: when Rancher restarts, every agent of the estate dials. Such memory is never given back.
 */
export const AT_ONCE = 32;

let opening = 0;
const waiting: (() => void)[] = [];

/** Opens a connection when it comes to its turn. */
export async function inTurn<T>(open: () => Promise<T>): Promise<T> {
  if (opening < AT_ONCE) opening += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await open();
  } finally {
    // Whoever has waited longest takes the place over.
    const next = waiting.shift();
    if (next === undefined) opening -= 1;
    else next();
  }
}
