/** A record of every version ever written stays readable: these bytes are never replaced, only added to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stackAt } from '@flamelake/testkit';
import { decodeLogRecord, type ProfileRecord, stringAt } from './index.ts';

/** Version 1, zstd: a Go program's thread creations, two stacks of which share their root side. */
const VERSION_1 =
  'AQHgAQAAKLUv/WDgANUKAObTSzxAxbYNcy6bxpif0cPspMJIwmo4PCckiU9rtUWGajJa26M2Zdh43o9uozY1ds6AM36IT4BbHp0x66cmKVM9ADcAOwAY7HncGRXYBqPI/KXnUVvr9nq3xfio3v31S87XUgCUgJgEkJgUZAiwAQHM5bJYFTXli/rjFR81/sg6V4wMmjQKwVFE9+UjvVh/NIMVj+rdX+j2Gor4hvqunWOPmzNNyqzeIqV2c6pJNKxWh3TzkWKrw7BmN1LKt+Rl+X85RTQCcE4sTv//1ZzVfGvTNjqRtnU8Xu1woM7bPJ9rt+ptH07rQB0H8nCerV1H1B+nGRTRExIREJsHhwaGBYUEhAMDzQCUU0gptGn+/7pwUFPUH68urrnjWrC0L8eklJOqLAxKJTNxVi5Gfs45X/7/yw8As4t8fhgONui5XC4EPGXJcl2iDCglsz5JeCFPZo4ZKtM2E60NZQ8cxDdE';

/** Version 1 with times of samples: a Go program's two label sets, the first with three, none and one time. */
const VERSION_1_TIMES =
  'AQHHAQAAKLUv/WDHAMUKAIYUTkBQhzgHIFaQgSl+NhNRq+KMyPnENC6NOAJRuFK2194mmVptJSV5K5LVToZu9aXS6hVQBV6BV+C/+NRESBIpk0wBPwA9ADMAuOIs9KwEcdjZKl+Rx9VshZ715Hxt93mZYyfUd5RSIM95AOGAAQEJUgsoEwVJFsEui1ZTesTAr9pZNVy9II0BTn1qN4c41Dgfz6sbvH02F28ivBEgOcBcACYEpg90RRquoQ600TiLt8pl4K1yeKsclRfNaIbNjmQNd/bmLuBXLdU6T7pLjy27u+rO5OKSdmyPHSdE8C+9f4Bvj3E2pa+2GvM9/7/9/z02hoVWTd3n9BcWFRQTEhEXiAcHSwPDQqUlMFAQMvLoVCqOJ8Xuy/LMRibT6v1CIJXYCfWzQYGfDPh4j1JGOuXlKvZcu42+myUamgoAoHoce6gh+KqXBc4S4OHyALPNmcj+RExrnDoDXypNGCMAAAAotS/9IBKRAAADAAENDp6cAamYAQMADQ6enAESAAAAKwAAAFqoIGE=';

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
  assert.equal(stacks.count, 37);
  assert.equal(symbols.mappings.count, 1);
  assert.deepEqual(groups, [
    {
      labels: [{ name: 'service_name', value: 'shop' }],
      sampleCount: 2,
      stack: Uint32Array.of(32, 36),
      values: BigInt64Array.of(7n, 1n),
      spanIds: BigUint64Array.of(0n, 0xfedcba9876543210n),
      traceIds: Uint8Array.from({ length: 32 }, (_, i) => i),
    },
  ]);
});

test('times of samples are read', () => {
  const [{ groups }, ...rest] = decodeLogRecord(Buffer.from(VERSION_1_TIMES, 'base64')) as [ProfileRecord];
  assert.equal(rest.length, 0);
  assert.deepEqual(
    groups.map(({ times }) => times),
    [
      { start: Uint32Array.of(0, 3, 3, 4), offsetMs: Int32Array.of(-7, 0, 9_999, 250) },
      { start: Uint32Array.of(0, 3, 3), offsetMs: Int32Array.of(-7, 0, 9_999) },
    ],
  );
});

/** Each stack as frames, leaf first, runs of one frame as `frame × times`. */
function framesOf({ symbols, stacks, groups }: ProfileRecord): string[] {
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
  return Array.from(groups[0]?.stack ?? [], (stack) => {
    const runs: [string, number][] = [];
    for (const location of stackAt(stacks, stack)) {
      const last = runs.at(-1);
      if (last?.[0] === frame(location)) last[1]++;
      else runs.push([frame(location), 1]);
    }
    return runs.map(([text, times]) => `${text} × ${times}`).join('; ');
  });
}
