/**
 * Input made to take as much memory for its size as it can. Each is decoded in a process of its own – this file, called with a
 * name – which prints by how much it grew at most.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { ByteWriter } from './byte-writer.ts';
import { decodePprof } from './decode-pprof.ts';
import { normalizeProfile } from './normalize-profile.ts';

const SIZE_BYTES = 33_554_432;
const GROWN_MIB_MAX = 300;
/** Strings "", "cpu", "u", "x"; a sample type of them; function 1 and location 1. */
const PRELUDE = '3200 3203637075 320175 320178 0a0408011002 2a0408011003 220608012202 0801';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A profile of SIZE_BYTES or a little less: the prelude, and a piece over and over. */
function repeated(piece: string): Uint8Array {
  const prelude = hex(PRELUDE);
  const unit = hex(piece);
  const units = Math.floor((SIZE_BYTES - prelude.length) / unit.length);
  return Buffer.concat([prelude, Buffer.alloc(units * unit.length, unit)]);
}

/** A profile of SIZE_BYTES or a little less: the prelude, and messages that differ in a varint. */
function numbered(tag: string, before: string, first: number, after = ''): Uint8Array {
  const [fixed, rest] = [hex(before), hex(after)];
  const out = new ByteWriter(SIZE_BYTES);
  const number = new ByteWriter();
  out.bytes(hex(PRELUDE));
  for (let i = first; out.length < SIZE_BYTES - 256; i++) {
    number.clear();
    number.varint(i);
    out.uint8(Number.parseInt(tag, 16));
    out.varint(fixed.length + number.length + rest.length);
    out.bytes(fixed);
    out.bytes(number.view());
    out.bytes(rest);
  }
  return out.view();
}

/** A profile with one sample in which one packed field takes up everything. */
function oneField(tag: string, rest: string): Uint8Array {
  const length = SIZE_BYTES - 100;
  const field = new ByteWriter(16);
  field.bytes(hex(tag));
  field.varint(length);
  const sample = new ByteWriter(16);
  sample.bytes(hex('12'));
  sample.varint(field.length + length + hex(rest).length);
  return Buffer.concat([hex(PRELUDE), sample.view(), field.view(), Buffer.alloc(length, 1), hex(rest)]);
}

const BOMBS: Readonly<Record<string, () => Uint8Array>> = {
  'empty strings': () => repeated('3200'),
  'one long stack': () => oneField('0a', '120101'),
  'long stacks': () => repeated(`1286010a8001${'01'.repeat(128)}120101`),
  'values of one sample': () => oneField('12', ''),
  'samples of many labels': () => repeated(`12cb01120101${'1a00'.repeat(100)}`),
  'locations of wide ids': () => numbered('22', '08', 2 ** 40),
  functions: () => numbered('2a', '08', 2),
};

function decodeBomb(name: string): void {
  const bytes = BOMBS[name]();
  const before = process.memoryUsage.rss();
  let status = 'accepted';
  try {
    normalizeProfile(decodePprof(bytes));
  } catch (error) {
    if (!(error instanceof FlamelakeError)) throw error;
    status = error.message;
  }
  const grownBytes = process.resourceUsage().maxRSS * 1024 - before;
  console.log(JSON.stringify({ grownMiB: Math.round(grownBytes / 1_048_576), status }));
}

const bomb = process.argv[2];
if (bomb !== undefined) decodeBomb(bomb);
else {
  test(`no 32 MiB of input take more than ${GROWN_MIB_MAX} MiB`, async (t) => {
    for (const name of Object.keys(BOMBS)) {
      await t.test(name, (t) => {
        const output = execFileSync(process.execPath, [import.meta.filename, name], { encoding: 'utf8' });
        const { grownMiB, status } = JSON.parse(output) as { grownMiB: number; status: string };
        t.diagnostic(`${grownMiB} MiB, ${status}`);
        assert.ok(grownMiB < GROWN_MIB_MAX, `${grownMiB} MiB, ${status}`);
      });
    }
  });
}
