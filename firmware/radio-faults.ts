// What can go wrong with the radio chip. The driver counts by these numbers, and the link's Status has a field for each, in this order.

export const FAULT_BUSY = 0;
/** A DIO1 edge that the housekeeping found and not the watch; now and then one that both were about to see. */
export const FAULT_EDGE = 1;
export const FAULT_TX = 2;
export const FAULT_MODE = 3;
export const FAULT_SILENT = 4;
export const FAULT_CAD = 5;
export const FAULT_DEAF = 6;
export const FAULT_BUFFER = 7;

// MeshCore's error flags (Dispatcher.h): stats-core shows their sum.
/** A packet found no room in the queue. */
export const ERROR_FULL = 1;
/** The channel was busy for 4 s. */
export const ERROR_CAD_TIMEOUT = 2;
/** The radio was not receiving for 8 s. */
export const ERROR_NOT_RECEIVING = 4;
