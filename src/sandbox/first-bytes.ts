import type { Socket } from "node:net";

/**
 * Calls back once the client has sent something, which is still to be read. A TLS end of the runtime's keeps for life the
 * buffer that it first reads into: one of 64 KB where it waits for the first bytes itself, and one as large as they are
 * (1 KB at least) where they are there already. A large estate has thousands of such ends.
 */
export function afterFirstBytes(socket: Socket, callback: () => void): void {
  socket.once("readable", () => {
    // It is also readable when its end is all that there is to read.
    if (socket.readableLength > 0) callback();
  });
}
