import { connect, type Socket, type TcpSocketConnectOpts } from "node:net";
import { Duplex } from "node:stream";

/**
 * A TCP connection for TLS to run over. Right on a socket, an end of the runtime's TLS takes a buffer of 64 KB to read
 * into, and keeps it as long as the connection lives; over any other stream, its buffers are as large as what arrives, and
 * 4 KB at least. The agents of a large estate hold more than a thousand connections.
 */
export class PlainStream extends Duplex {
  readonly #socket: Socket;

  constructor(address: Pick<TcpSocketConnectOpts, "host" | "port" | "lookup">) {
    super({ allowHalfOpen: false });
    const onread = { buffer: ARRIVING, callback: (length: number) => this.#take(length) };
    this.#socket = connect({ ...address, noDelay: true, onread });
    this.#socket.on("end", () => this.push(null));
    this.#socket.on("error", (error) => this.destroy(error));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** @returns whether the socket shall go on reading */
  #take(length: number): boolean {
    return this.push(Buffer.from(ARRIVING.subarray(0, length)));
  }
}

/** What arrives on any of them is taken out of here before anything else can arrive. */
const ARRIVING = Buffer.allocUnsafeSlow(64 * 1024);
