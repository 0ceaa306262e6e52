// How a row of the neighbour table lies in memory.

/**
 * Key 32 bytes, timestamp u32, heard u32 (the engine's seconds plus 1, 0 = no row), latitude and longitude i32, type, SNR i8 in
 * quarter dB, RSSI in dBm plus 128, hops, name of up to 31 bytes and a 0.
 */
export const NEIGHBOUR = { time: 32, heard: 36, lat: 40, lon: 44, type: 48, snr: 49, rssi: 50, hops: 51, name: 52 };
export const NEIGHBOUR_BYTES = 84;
export const NEIGHBOURS = 16;
