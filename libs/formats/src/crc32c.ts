/**
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4): reflected polynomial 0x82f63b78, initial and final inversion.
 * Eight bytes a step over eight tables ("slicing-by-8", Kounavis and Berry 2005).
 */

const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256];
    tables[i] = (previous >>> 8) ^ tables[previous & 0xff];
  }
  return tables;
}

/**
 * Checksum of `bytes` as an unsigned 32 bit number.
 * @param previous - checksum of what came before, to checksum a run of pieces
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  const t = TABLES;
  const length = bytes.length;
  const stepped = length - (length % 8);
  let crc = ~previous;
  let i = 0;
  for (; i < stepped; i += 8) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc =
      t[1792 + (crc & 0xff)] ^
      t[1536 + ((crc >>> 8) & 0xff)] ^
      t[1280 + ((crc >>> 16) & 0xff)] ^
      t[1024 + (crc >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]];
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}
