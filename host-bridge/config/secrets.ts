// Which secrets an operator should not run with. Nothing here returns or prints a part of the secret.

const MIN_SECRET_LENGTH = 12;
const MIN_DISTINCT = 6;
/** Characters that must be left when the words of examples and of this field are taken out. */
const MIN_OWN = 8;
const EXAMPLE_WORDS = new RegExp(
  ["replace", "change", "example", "placeholder", "secret", "password", "passwd", "passphrase", "psk", "token", "key"]
    .concat(["federation", "shared", "server", "peer", "room", "club", "mesh", "core", "with", "here", "your", "test"])
    .concat([
      "this",
      "todo",
      "admin",
      "default",
      "1234567890",
      "123456",
      "12345",
      "1234",
      "123",
      "qwerty",
      "letmein",
      "me",
    ])
    .join("|"),
  "gi",
);

/** Why `secret` is weak, as the end of a sentence; null when it will do. `about` are texts it must not be (the room's name). */
export function weakness(secret: string, about: readonly string[] = []): string | null {
  if (about.some((text) => text !== "" && text.toLowerCase() === secret.toLowerCase())) return "it is the name itself";
  if (secret.length < MIN_SECRET_LENGTH) return `it has fewer than ${MIN_SECRET_LENGTH} characters`;
  const own = secret.replace(EXAMPLE_WORDS, "").replace(/[\s._<>-]/g, "");
  if (own.length < MIN_OWN) return "it is a placeholder, or made of words that are tried first";
  if (new Set(secret).size < MIN_DISTINCT) return "it repeats the same few characters";
  return null;
}

/** What kind of damaged or foreign key `psk` looks like, when it is about to be taken as a passphrase; else null. */
export function nearKey(psk: string): string | null {
  const bare = psk.replace(/^0x/i, "").replace(/[\s:-]/g, "");
  if (/^[0-9a-f]+$/i.test(bare) && bare.length >= 24 && bare.length <= 72) {
    return bare === psk
      ? `${psk.length} hex digits, and a key has 32 or 64`
      : `${bare.length} hex digits with other characters among them`;
  }
  const text = psk.replace(/=+$/, "");
  const isMixed = /[0-9]/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text);
  if (isMixed && /^[A-Za-z0-9_-]+$/.test(text) && (text.length === 22 || text.length === 43)) {
    return "a base64 key without its padding, or of the URL alphabet";
  }
  return null;
}
