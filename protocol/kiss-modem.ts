// Numbers of MeshCore's KISS modem protocol (its docs/kiss_modem_protocol.md): what port 0 of the serial line carries.

/** Commands, the low half of a type byte. Those between are parameters of one byte. */
export const KISS_DATA = 0;
export const KISS_TX_DELAY = 1;
export const KISS_PERSISTENCE = 2;
export const KISS_SLOT_TIME = 3;
export const KISS_TX_TAIL = 4;
export const KISS_FULL_DUPLEX = 5;
export const KISS_HARDWARE = 6;
/** A whole type byte: the host goes. */
export const KISS_RETURN = 0xff;

/** Longest frame, its type byte counted and escapes undone. */
export const KISS_MODEM_MAX = 512;
export const KISS_VERSION = 1;

/** Requests by number, which begins with 1. */
export const KISS_REQUESTS = [
  "GetIdentity",
  "GetRandom",
  "VerifySignature",
  "SignData",
  "EncryptData",
  "DecryptData",
  "KeyExchange",
  "Hash",
  "SetRadio",
  "SetTxPower",
  "GetRadio",
  "GetTxPower",
  "GetCurrentRssi",
  "IsChannelBusy",
  "GetAirtime",
  "GetNoiseFloor",
  "GetVersion",
  "GetStats",
  "GetBattery",
  "GetMCUTemp",
  "GetSensors",
  "GetDeviceName",
  "Ping",
  "Reboot",
  "SetSignalReport",
  "GetSignalReport",
];

/** Bytes that each needs at least behind its number; more are ignored where they mean nothing. */
export const KISS_LEAST = [0, 1, 97, 1, 33, 35, 32, 1, 10, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0];

/** An answer has its request's number and this. */
export const KISS_ANSWER = 0x80;
export const KISS_OK = 0xf0;
export const KISS_ERROR = 0xf1;
export const KISS_TX_DONE = 0xf8;
export const KISS_RX_META = 0xf9;

/** Why a request fails. */
export const KISS_INVALID_LENGTH = 1;
export const KISS_INVALID_PARAM = 2;
export const KISS_NO_CALLBACK = 3;
export const KISS_MAC_FAILED = 4;
export const KISS_UNKNOWN_COMMAND = 5;
export const KISS_TX_BUSY = 7;
