import { addressText } from "../config/address.ts";
import type { Address } from "../config/schema.ts";
import { RoomError } from "../errors.ts";

/** What to tell when a server cannot listen: `port_in_use`, `address_unusable`, else the error itself. */
export function listenError(error: unknown, where: Address): unknown {
  const address = addressText(where);
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "EADDRINUSE") {
    return new RoomError("port_in_use", `${address} is in use by another program`, {
      hint: "stop the other program (another meshcore-room?), or choose another port",
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new RoomError("address_unusable", `cannot listen on ${address}`, {
      found: String(code),
      hint: "choose an address of this machine and a port above 1023",
      cause: error,
    });
  }
  return error;
}
