/**
 * 32 bit hashes for the intern tables: MurmurHash3 (Appleby, public domain), x86 32 bit variant, a word at a time.
 * The seed keeps clients from choosing strings that collide; nothing that is stored depends on it.
 */

/** Takes the next word into a hash. */
export function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Spreads the bits of a finished hash. */
export function finish(hash: number, length: number): number {
  let h = hash ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of `bytes[from, until)`. @param view - the same bytes */
export function hashBytes(seed: number, bytes: Uint8Array, view: DataView, from: number, until: number): number {
  let hash = seed;
  let at = from;
  for (const last = until - 4; at <= last; at += 4) hash = mix(hash, view.getUint32(at, true));
  let word = 0;
  for (; at < until; at++) word = (word << 8) | bytes[at];
  return finish(mix(hash, word), until - from);
}

/** Hash of `words[from, until)`. */
export function hashWords(seed: number, words: Uint32Array, from: number, until: number): number {
  let hash = seed;
  for (let i = from; i < until; i++) hash = mix(hash, words[i]);
  return finish(hash, until - from);
}
