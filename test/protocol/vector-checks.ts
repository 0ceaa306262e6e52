import type { ProtocolApi } from "../../protocol/api.ts";
import { checkAdverts, checkIdentities, checkNegativeAdverts, checkSignatures } from "./vector-adverts.ts";
import {
  checkChannels,
  checkGroupData,
  checkKeyCornerCase,
  checkMessages,
  checkNegativeMessages,
  checkPlaintexts,
  checkReceive,
} from "./vector-channels.ts";
import { checkFuzzPackets, checkHashGroups, checkInvalidPackets, checkValidPackets } from "./vector-packets.ts";
import { checkCodes, checkRegionMap, checkRegionNames, checkRegions, checkScopedMessages } from "./vector-transport.ts";

/** One group of vectors: the file it is in, what holds for it, and the check, which returns the failures. */
export interface VectorCheck {
  file: string;
  title: string;
  check(api: ProtocolApi, vectors: object): string[];
}

export const VECTOR_CHECKS: VectorCheck[] = [
  { file: "packets.json", title: "takes valid packets apart and puts them together", check: checkValidPackets },
  { file: "packets.json", title: "treats malformed packets as the firmware does", check: checkInvalidPackets },
  { file: "packets.json", title: "treats random bytes as the firmware does", check: checkFuzzPackets },
  { file: "packets.json", title: "hashes what counts for a packet and nothing else", check: checkHashGroups },
  { file: "group_channels.json", title: "makes channels of their keys and names", check: checkChannels },
  { file: "group_channels.json", title: "composes and reads channel messages", check: checkMessages },
  { file: "group_channels.json", title: "seals plaintexts of any length", check: checkPlaintexts },
  { file: "group_channels.json", title: "delivers what the firmware delivers", check: checkReceive },
  { file: "group_channels.json", title: "drops what the firmware drops", check: checkNegativeMessages },
  { file: "group_channels.json", title: "composes and reads group datagrams", check: checkGroupData },
  { file: "group_channels.json", title: "shortens a key that ends in zeros", check: checkKeyCornerCase },
  { file: "adverts.json", title: "hashes seeds to private keys", check: checkIdentities },
  { file: "adverts.json", title: "parses and verifies adverts", check: checkAdverts },
  { file: "adverts.json", title: "drops forged, own, repeated and old adverts", check: checkNegativeAdverts },
  { file: "adverts.json", title: "verifies plain signatures", check: checkSignatures },
  { file: "transport.json", title: "derives region keys", check: checkRegions },
  { file: "transport.json", title: "computes transport codes", check: checkCodes },
  { file: "transport.json", title: "reads scoped messages", check: checkScopedMessages },
  { file: "transport.json", title: "finds the region of a packet", check: checkRegionMap },
  { file: "transport.json", title: "accepts the firmware's region names", check: checkRegionNames },
];
