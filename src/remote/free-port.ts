import { createServer } from "node:net";
import { FarrierError } from "../errors.ts";

/** A port of 127.0.0.1 where nothing listens, for a program that cannot choose one itself. Another one may take it first. */
export async function freePort(): Promise<number> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new FarrierError("internal.unexpected", "The system gave no port."));
      });
    });
  });
}
