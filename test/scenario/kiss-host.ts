// A KISS host written from MeshCore's docs/kiss_modem_protocol.md and nothing else: it shares no code with the board.

/** Any serial line. */
interface Line {
  write(bytes: Uint8Array): void;
  onData(fn: (bytes: Uint8Array) => void): void;
}

const FEND = 0xc0;
const FESC = 0xdb;
const TFEND = 0xdc;
const TFESC = 0xdd;

/** Frames to the modem, by what the document calls them. */
export const COMMAND = {
  Data: 0x00,
  TxDelay: 0x01,
  Persistence: 0x02,
  SlotTime: 0x03,
  TxTail: 0x04,
  FullDuplex: 0x05,
  SetHardware: 0x06,
  Return: 0xff,
};

export const REQUEST = {
  GetIdentity: 0x01,
  GetRandom: 0x02,
  VerifySignature: 0x03,
  SignData: 0x04,
  EncryptData: 0x05,
  DecryptData: 0x06,
  KeyExchange: 0x07,
  Hash: 0x08,
  SetRadio: 0x09,
  SetTxPower: 0x0a,
  GetRadio: 0x0b,
  GetTxPower: 0x0c,
  GetCurrentRssi: 0x0d,
  IsChannelBusy: 0x0e,
  GetAirtime: 0x0f,
  GetNoiseFloor: 0x10,
  GetVersion: 0x11,
  GetStats: 0x12,
  GetBattery: 0x13,
  GetMCUTemp: 0x14,
  GetSensors: 0x15,
  GetDeviceName: 0x16,
  Ping: 0x17,
  Reboot: 0x18,
  SetSignalReport: 0x19,
  GetSignalReport: 0x1a,
};
export type RequestName = keyof typeof REQUEST;

export const OK = "f0";
export const ERROR = {
  InvalidLength: "f101",
  InvalidParam: "f102",
  NoCallback: "f103",
  MacFailed: "f104",
  UnknownCmd: "f105",
  EncryptFailed: "f106",
  TxBusy: "f107",
};
export const TX_DONE = { failed: "f800", success: "f801" };

export class KissHost {
  /** Packets heard, as hex. */
  heard: string[] = [];
  /** Bodies of SetHardware frames from the modem, as hex, each with the first byte that tells its kind. */
  hardware: string[] = [];
  /** Frames of port 0 in the order of their arrival: D for data, otherwise the first byte of the SetHardware body. */
  order: string[] = [];
  /** Escapes that the document does not know. */
  broken = 0;
  private readonly line: Line;
  private frame: number[] = [];
  private isEscaped = false;

  constructor(line: Line) {
    this.line = line;
    line.onData((bytes) => {
      for (const byte of bytes) this.take(byte);
    });
  }

  /** A frame of port 0. */
  send(command: number, data: Uint8Array | readonly number[] = []): void {
    this.line.write(Uint8Array.from(frameOf(command, data)));
  }

  data(hex: string): void {
    this.send(COMMAND.Data, Buffer.from(hex, "hex"));
  }

  request(number: number, hex = ""): void {
    this.send(COMMAND.SetHardware, [number, ...Buffer.from(hex, "hex")]);
  }

  forget(): void {
    this.heard = [];
    this.hardware = [];
    this.order = [];
  }

  private take(byte: number): void {
    if (byte === FEND) {
      if (this.frame.length > 0) this.dispatch(this.frame[0], this.frame.slice(1));
      this.frame = [];
      this.isEscaped = false;
    } else if (byte === FESC) {
      this.isEscaped = true;
    } else if (this.isEscaped) {
      this.isEscaped = false;
      if (byte === TFEND) this.frame.push(FEND);
      else if (byte === TFESC) this.frame.push(FESC);
      else this.broken++;
    } else {
      this.frame.push(byte);
    }
  }

  /** "Standard KISS clients ignore" whatever they do not know; so do we, other ports and text between frames included. */
  private dispatch(type: number, data: number[]): void {
    const hex = Buffer.from(data).toString("hex");
    if (type === COMMAND.Data) this.heard.push(hex);
    else if (type === COMMAND.SetHardware) this.hardware.push(hex);
    else return;
    this.order.push(type === COMMAND.Data ? "D" : hex.slice(0, 2));
  }
}

/** A whole frame with its borders. */
export function frameOf(type: number, data: Uint8Array | readonly number[]): number[] {
  const escaped = [...data].flatMap((byte) => {
    if (byte === FEND) return [FESC, TFEND];
    return byte === FESC ? [FESC, TFESC] : [byte];
  });
  return [FEND, type, ...escaped, FEND];
}
