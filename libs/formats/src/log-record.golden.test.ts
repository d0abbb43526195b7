/** A record of every version ever written stays readable: these bytes are never replaced, only added to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeLogRecord, type ProfileRecord, stringAt } from './index.ts';

/** Version 1, zstd: a Go program's thread creations, two stacks of which share their root side. */
const VERSION_1 =
  'AQHBAQAAKLUv/WDBAN0KACYUTT0wxbgNgNyBnj9dCCFRBxu40KMhJiNwSNSwXrst8ljpubYWFVwYGAYMtrFN1TVMbpf8Kfkt4m+5t0YikjIFPgA4ADwAF4M9jxvDAstgFZev9Dxqa91e77YYH9W7v37J+dqJgBEPEwEREoNLAUYwYKlcFKuipnxRf7zio8YdWedqkQEiqkmjEBxFdF8+0ov1RzNY8aje/YVur6GIb6jv2jnmuDnTpMzqLVJqN6eaRMNqdUg3Hym2OgxrFv9SSvmWvCj/LydIxgBOycXp/7+as5pvbZpGJ9K2jserHQ7UeZvnc+1Wve3DaR2o40AezrO164j64zSDAZoJiYgMxINDA8OCQgLCAaaAyemjFNow/3/Np6aoP15dXPPGtWBpX45JWVFTbjKvoZgUgMzECbAJ+TnnfPkfDQCUi3xfGDwXwKCEyXJdogwoJbM+SXghT2aOGSrTNhOtDWUPFXtkdQ==';

/** Version 1, stored: no profiles. */
const VERSION_1_EMPTY = 'AQABAAAAAAkpLOs=';

test('records of version 1 are read', () => {
  assert.deepEqual(decodeLogRecord(Buffer.from(VERSION_1_EMPTY, 'base64')), []);
  const [profile, ...rest] = decodeLogRecord(Buffer.from(VERSION_1, 'base64')) as [ProfileRecord];
  assert.equal(rest.length, 0);
  const { symbols, stacks, groups, types, identity, ...scalars } = profile;
  assert.deepEqual(scalars, {
    tenant: 'anonymous',
    service: 'shop',
    timeNanos: 1795206874693292199n,
    durationNanos: 0n,
    period: 1n,
  });
  assert.deepEqual(
    [...identity],
    Array.from({ length: 16 }, (_, i) => i),
  );
  assert.deepEqual(types, [
    {
      name: 'threads',
      sampleType: 'threadcreate',
      sampleUnit: 'count',
      periodType: 'threadcreate',
      periodUnit: 'count',
    },
  ]);
  assert.deepEqual(framesOf(profile), [
    ':0 × 32',
    'runtime.allocm:2326 × 1; runtime.newm:2870 × 1; runtime.startTemplateThread:2947 × 1; runtime.main:245 × 1; :0 × 27',
  ]);
  assert.equal(stacks.locations.length, 63);
  assert.equal(symbols.mappings.count, 1);
  assert.deepEqual(groups, [
    {
      labels: [{ name: 'service_name', value: 'shop' }],
      sampleCount: 2,
      stack: Uint32Array.of(0, 1),
      values: BigInt64Array.of(7n, 1n),
      spanIds: BigUint64Array.of(0n, 0xfedcba9876543210n),
      traceIds: Uint8Array.from({ length: 32 }, (_, i) => i),
    },
  ]);
});

/** Each stack as frames, leaf first, runs of one frame as `frame × times`. */
function framesOf({ symbols, stacks }: ProfileRecord): string[] {
  const { strings, functions, locations } = symbols;
  const frame = (location: number) => {
    const [from, until] = [locations.lineStart[location], locations.lineStart[location + 1]];
    if (from === until) return `0x${locations.address[location].toString(16)}`;
    const lines = Array.from({ length: until - from }, (_, i) => {
      const fn = locations.lineFunction[from + i];
      return `${stringAt(strings, functions.name[fn])}:${locations.lineNumber[from + i]}`;
    });
    return lines.join(' in ');
  };
  return Array.from({ length: stacks.count }, (_, stack) => {
    const runs: [string, number][] = [];
    for (const location of stacks.locations.subarray(stacks.start[stack], stacks.start[stack + 1])) {
      const last = runs.at(-1);
      if (last?.[0] === frame(location)) last[1]++;
      else runs.push([frame(location), 1]);
    }
    return runs.map(([text, times]) => `${text} × ${times}`).join('; ');
  });
}
