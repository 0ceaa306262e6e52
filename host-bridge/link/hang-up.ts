import { read } from "node:fs";
import { promisify } from "node:util";
import type { SerialPort } from "serialport";

/** What the package has inside on Linux and macOS. */
interface UnixPort {
  fd: number | null;
  poller: { once(event: "readable", done: (error: Error | null) => void): void };
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>;
}

const readBytes = promisify(read);
const NOT_YET = ["EAGAIN", "EWOULDBLOCK", "EINTR"];

/**
 * Has an open port notice that its device has gone while it was read. Such a read gives nothing, which the package takes for "not yet" and
 * reads again at once, without end and with ever more memory (github.com/serialport/bindings-cpp, issue 162; so in 13.0.0).
 */
export function noticeHangUp({ port }: SerialPort): void {
  if (port === undefined || !("poller" in port)) return;
  const unix = port as UnixPort;
  unix.read = async (buffer, offset, length) => {
    for (;;) {
      const bytesRead = await readSome(unix, buffer, offset, length);
      if (bytesRead === 0) throw new Error("end of file");
      if (bytesRead !== null) return { buffer, bytesRead };
      await new Promise<void>((resolve, reject) => {
        unix.poller.once("readable", (error) => (error === null ? resolve() : reject(error)));
      });
    }
  };
}

/** Null when there is nothing yet. */
async function readSome({ fd }: UnixPort, buffer: Buffer, offset: number, length: number): Promise<number | null> {
  // The package's own way to say that nobody waits for this any more.
  if (fd === null) throw Object.assign(new Error("the port is closed"), { canceled: true });
  try {
    return (await readBytes(fd, buffer, offset, length, null)).bytesRead;
  } catch (error) {
    if (NOT_YET.includes(String((error as NodeJS.ErrnoException).code))) return null;
    throw error;
  }
}
