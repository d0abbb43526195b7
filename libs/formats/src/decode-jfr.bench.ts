/**
 * Decoding flight recordings against their size: CPU time a megabyte, next to what inflating the same recording takes, and whether
 * eight times the chunks take eight times as long: `node decode-jfr.bench.ts`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { printBar } from '../../../test/bench/bars.ts';
import { decodeJfr, inflate, normalizeProfile } from './index.ts';

const ROUNDS = 7;
const ROUND_BYTES = 8_000_000;
const BYTES_MAX = 33_554_432;
const CHUNKS = 8;
/** Time a byte of a recording of many chunks against that of one. */
const GROWTH_MAX = 1.5;
const OPTIONS = { sampleRate: 100, samplesMax: 250_000, stackDepthMax: 1_000 };

/** Median CPU time over some rounds, in milliseconds a megabyte of `bytesEach`. */
function measure(bytesEach: number, run: () => unknown): number {
  const calls = Math.ceil(ROUND_BYTES / bytesEach);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) run();
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / 1_000 / ((calls * bytesEach) / 1e6));
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1];
}

const corpus = process.env['FLAMELAKE_CORPUS'] ?? join(import.meta.dirname, '../../../test/corpus');
const files = ['jfr', 'extracted/java-bank', 'extracted/java-jdk'].flatMap((folder) =>
  (existsSync(join(corpus, folder)) ? readdirSync(join(corpus, folder)) : []).map((file) => join(folder, file)),
);
for (const file of files.filter((name) => /\.jfr(\.gz)?$/.test(name)).slice(0, 4)) {
  const bytes = inflate(readFileSync(join(corpus, file)), { bytesMax: BYTES_MAX });
  const packed = gzipSync(bytes);
  const many = Buffer.concat(Array.from({ length: CHUNKS }, () => bytes));
  const inflating = measure(bytes.length, () => inflate(packed, { bytesMax: BYTES_MAX }));
  const decoding = measure(bytes.length, () => decodeJfr(bytes, OPTIONS));
  const all = measure(bytes.length, () => {
    for (const { profile } of decodeJfr(bytes, OPTIONS)) normalizeProfile(profile);
  });
  const ofMany = measure(many.length, () => decodeJfr(many, OPTIONS));
  const times = {
    inflate: inflating,
    decode: decoding,
    'decode + normalize': all,
    [`decode of ${CHUNKS} times the chunks`]: ofMany,
  };
  const shown = Object.entries(times).map(([step, ms]) => `${step} ${ms.toFixed(1)} ms`);
  console.log(`${file}: ${bytes.length} bytes, a megabyte takes: ${shown.join(', ')}`);
  printBar({ bar: `decode JFR, ${file}: decode ÷ inflate`, value: decoding / inflating, unit: '×' });
  printBar({
    bar: `decode JFR, ${file}: a byte of ${CHUNKS} times the chunks ÷ a byte of it`,
    value: ofMany / decoding,
    unit: '×',
    atMost: GROWTH_MAX,
  });
}
