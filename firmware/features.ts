// What boards may have. The build leaves out what no board of a bundle has (firmware/build/variants.mjs).

/** A power management chip on I2C. */
export const PMU: boolean = true;
/** An amplifier whose kind must be found out. */
export const FRONT_END: boolean = true;
/** A console that is no USB device of the engine's own. */
export const UART: boolean = true;
/** The engine runs none of our machine code: what is to be signed or verified goes to the host. */
export const HOST_SIGNS: boolean = true;
