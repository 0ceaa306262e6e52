// What a person types at a board's console, on the line that carries the link as well (docs/link.md, "Bytes on the line").

/** Backspace, tab, line ends, escape: the control bytes that begin no frame. */
const TEXT_CONTROLS = [8, 9, 10, 13, 27];

/** The bytes that are safe between frames: neither a border nor, right behind one, the beginning of a frame. */
export function typedText(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte) => (byte >= 32 && byte !== 0xc0 && byte !== 0xff) || TEXT_CONTROLS.includes(byte));
}
