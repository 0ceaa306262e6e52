// How a row of the neighbour table lies in memory.

/**
 * Key 32 bytes, timestamp u32, latitude and longitude i32, type, SNR i8 in quarter dB, RSSI in dBm plus 128, hops, name of up to 31
 * bytes and a 0. A row without a name is none.
 */
export const NEIGHBOUR = { time: 32, lat: 36, lon: 40, type: 44, snr: 45, rssi: 46, hops: 47, name: 48 };
export const NEIGHBOUR_BYTES = 80;
export const NEIGHBOURS = 14;
