/** The serving end of a WebSocket that only tells: what an API server answers to `exec`, on its way to whoever asked. */
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";

/** A request that wants another protocol than HTTP. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What has come after it. */
  readonly head: Buffer;
}

export interface MessageStream {
  /** The subprotocol that the answer names. */
  readonly protocol: string;
  /** Each chunk is a message. */
  readonly messages: AsyncIterable<string | Uint8Array>;
}

/** Takes the connection over, sends the messages and closes it. What the other end sends is not listened to. */
export function tell({ request, socket, head }: Upgrade, stream: MessageStream): void {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols: () => stream.protocol,
  });
  server.handleUpgrade(request, socket, head, (websocket) => {
    // A connection that breaks is an everyday event, and `close` follows.
    websocket.on("error", () => {});
    const pump = async (): Promise<void> => {
      for await (const message of stream.messages) {
        if (websocket.readyState !== websocket.OPEN) return;
        websocket.send(typeof message === "string" ? Buffer.from(message) : message);
      }
      websocket.close(1000);
    };
    pump().catch(() => websocket.terminate());
  });
}

/** An HTTP answer instead of an upgrade. */
export function refuse(socket: Duplex, status: number, body: string, type = "text/plain"): void {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  socket.end(head + body);
}
