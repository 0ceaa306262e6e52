/** Work in parts that are short enough for a receiver to wait for. One that is given up needs nothing. */
export interface CurveWork<T> {
  /** Does the next part; true when that was the last and `value` is there. */
  step(): boolean;
  value?: T;
}

/**
 * Ed25519 and X25519 as a platform brings them, with MeshCore's keys: a private key is the 64 bytes that SHA-512 makes of a seed,
 * the first half clamped (RFC 8032, 5.1.5); a public key is 32 bytes. A key of another length throws, where it is our own.
 */
export interface CurvePort {
  /** 32 bytes. */
  publicKey(privateKey: Uint8Array): CurveWork<Uint8Array>;
  /**
   * 64 bytes. `publicKey` must be the one of `privateKey`: a signature with another one, or with one that somebody else may choose,
   * gives the private key away.
   */
  sign(privateKey: Uint8Array, publicKey: Uint8Array, message: Uint8Array): CurveWork<Uint8Array>;
  /** Whether `signature` is one of `message` by that key: as strict as ed25519Verify(), false for wrong lengths as well. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): CurveWork<boolean>;
  /**
   * The 32 bytes that two nodes share: X25519 of the first half of the private key, clamped, and the Montgomery form of the other's
   * public key. All of them are 0 for the few keys of small order, which nobody has a private key for.
   */
  shared(privateKey: Uint8Array, peerKey: Uint8Array): CurveWork<Uint8Array>;
}

/** Work that `make` does in one part. */
export function atOnce<T>(make: () => T): CurveWork<T> {
  const work: CurveWork<T> = {
    step: () => {
      work.value = make();
      return true;
    },
  };
  return work;
}

/** All parts of `work` at once: its value. */
export function complete<T>(work: CurveWork<T>): T {
  while (!work.step());
  return work.value as T;
}
