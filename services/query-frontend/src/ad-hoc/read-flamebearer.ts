/** Flame graphs saved as flamebearer JSON, version 1, read back: what `/pyroscope/render` answers and viewers export. */
import { isUtf8 } from 'node:buffer';
import { FlamelakeError } from '@flamelake/model';
import { flamegraphFunctionTree } from '@flamelake/query';
import type { ProfileFile } from './read-file.ts';

/** Bytes in which its member must be named for a document to be one. */
const HEAD_BYTES = 4_096;
const OPEN_OBJECT = 0x7b;
const NAMES_MAX = 2_000_000;

/** The text, if it seems to be such a document. */
export function isFlamebearer(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1').trimStart();
  if (head.charCodeAt(0) !== OPEN_OBJECT || !/"flamebearer(?:ProfileV1)?"/.test(head) || !isUtf8(bytes))
    return undefined;
  return Buffer.from(bytes).toString('utf8');
}

/** @throws {FlamelakeError} `invalid_argument` */
export function readFlamebearer(text: string): ProfileFile {
  const { flamebearer, metadata } = parse(text);
  const { names, levels } = membersOf(flamebearer);
  const { format = 'single', name = 'samples', units = '', sampleRate } = membersOf(metadata);
  if (format !== 'single') {
    throw wrong('only flame graphs of one side can be uploaded', { format: String(format).slice(0, 64) });
  }
  if (!Array.isArray(names) || names.length > NAMES_MAX || !names.every((one) => typeof one === 'string')) {
    throw wrong('names of the flame graph must be texts');
  }
  if (!Array.isArray(levels)) throw wrong('levels of the flame graph are missing');
  const tree = flamegraphFunctionTree({ names, levels: levels.map(levelOf) });
  const sampleType = String(name);
  const isCpuTime = sampleType === 'cpu' && Number(sampleRate) === 1_000_000_000;
  const sampleUnit = isCpuTime ? 'nanoseconds' : String(units);
  return { profiles: [{ type: sampleType, sampleType, sampleUnit, tree }], defaultType: sampleType };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    // Numbers past 2^53 stay exact.
    const document: unknown = JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
        ? BigInt(context?.source ?? value)
        : value,
    );
    return membersOf(document);
  } catch (cause) {
    if (cause instanceof FlamelakeError) throw cause;
    throw new FlamelakeError('invalid_argument', 'file is no valid JSON', {}, { cause });
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw wrong('flame graph lacks a member');
}

function levelOf(level: unknown): BigInt64Array {
  if (!Array.isArray(level) || level.length % 4 !== 0)
    throw wrong('level of the flame graph must be bars of four numbers');
  return BigInt64Array.from(level, numberOf);
}

function numberOf(value: unknown): bigint {
  const isWhole = Number.isSafeInteger(value) || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value);
  if (!isWhole) throw wrong('value of the flame graph is no whole number of 64 bits');
  return BigInt(value as number | bigint);
}

function wrong(message: string, details: FlamelakeError['details'] = {}): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, details);
}
