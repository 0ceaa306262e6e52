/** One serial line as bytes, whatever carries it. Opened by whoever hands it out. */
export interface BytePort {
  /** Queues bytes for the other end, in order. After the end of the port they are dropped. */
  write(bytes: Uint8Array): void;
  onData(fn: (bytes: Uint8Array) => void): void;
  /** Called once, with a reason a person understands, when the port has gone; not after `close()`. */
  onClose(fn: (reason: string) => void): void;
  close(): void;
}
