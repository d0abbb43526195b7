/** What block-v1-small.bin was made of: one of everything a block can hold. */
import type { ProfileRecord } from '@flamelake/formats';
import type { ProfileType } from '@flamelake/model';
import { stringColumn } from '@flamelake/testkit';

const CPU: ProfileType = {
  name: 'process_cpu',
  sampleType: 'cpu',
  sampleUnit: 'nanoseconds',
  periodType: 'cpu',
  periodUnit: 'nanoseconds',
};
const SAMPLES: ProfileType = { ...CPU, sampleType: 'samples', sampleUnit: 'count' };
const STRINGS = ['', 'main', 'main.main', 'cmd/main.go', 'handle', 'größe 火', 'inline', '/bin/app', 'b1d', 'unused'];

/** Functions main, handle, größe and inline; one location without lines, one with two, one without mapping. */
const SYMBOLS: ProfileRecord['symbols'] = {
  strings: stringColumn(STRINGS),
  functions: {
    count: 4,
    name: Uint32Array.of(1, 4, 5, 6),
    systemName: Uint32Array.of(2, 4, 5, 6),
    filename: Uint32Array.of(3, 3, 0, 3),
    startLine: Int32Array.of(10, 20, 0, -1),
  },
  mappings: {
    count: 2,
    memoryStart: BigUint64Array.of(0x400000n, 0n),
    memoryLimit: BigUint64Array.of(0x800000n, 0n),
    fileOffset: BigUint64Array.of(0x1000n, 0n),
    filename: Uint32Array.of(7, 0),
    buildId: Uint32Array.of(8, 0),
    flags: Uint8Array.of(15, 0),
  },
  locations: {
    count: 4,
    mapping: Uint32Array.of(1, 1, 2, 0),
    address: BigUint64Array.of(0x401000n, 0x402000n, 0xffff_ffff_ffff_fff0n, 0n),
    lineStart: Uint32Array.of(0, 1, 3, 3, 4),
    lineFunction: Uint32Array.of(0, 3, 1, 2),
    lineNumber: Int32Array.of(12, 7, 25, 0),
  },
};

function labelsOf(service: string, pod: string) {
  return [
    { name: 'pod', value: pod },
    { name: 'service_name', value: service },
  ];
}

function identityOf(first: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? first : i));
}

/** Records in log order; their offsets are 100, 101, 103. */
export function goldenRecords(): ProfileRecord[] {
  const shared = {
    durationNanos: 10_000_000_000n,
    period: 10_000_000n,
    types: [SAMPLES, CPU],
    symbols: SYMBOLS,
    // Leaf first: 1 0, 2 1 0, nothing, 3.
    stacks: { count: 5, parent: Uint32Array.of(0, 0, 1, 2, 0), location: Uint32Array.of(0, 0, 1, 2, 3) },
  };
  const plain = { spanIds: undefined, traceIds: undefined };
  const cart: ProfileRecord = {
    ...shared,
    tenant: 'team-a',
    service: 'cart',
    identity: identityOf(9),
    timeNanos: 1_795_206_485_358_614_500n,
    groups: [
      {
        ...plain,
        labels: labelsOf('cart', 'cart-0'),
        sampleCount: 3,
        stack: Uint32Array.of(3, 2, 0),
        values: BigInt64Array.of(3n, 1n, 2n, 30_000_000n, 10_000_000n, 20_000_000n),
      },
      {
        labels: [...labelsOf('cart', 'cart-0'), { name: 'thread', value: 'größe "7"' }],
        sampleCount: 2,
        stack: Uint32Array.of(4, 4),
        values: BigInt64Array.of(0n, 1n, (1n << 62n) + 1n, 5n),
        spanIds: BigUint64Array.of(0xfedc_ba98_7654_3210n, 0n),
        traceIds: Uint8Array.from({ length: 32 }, (_, i) => (i < 16 ? 0 : i)),
      },
    ],
  };
  const later: ProfileRecord = { ...cart, identity: identityOf(8), timeNanos: 1_795_206_495_358_614_500n };
  const checkout: ProfileRecord = {
    ...shared,
    tenant: 'team-b',
    service: 'checkout',
    identity: identityOf(7),
    timeNanos: 1_795_206_400_000_000_000n,
    period: -1n,
    durationNanos: 0n,
    types: [CPU],
    groups: [
      {
        ...plain,
        labels: labelsOf('checkout', ''),
        sampleCount: 1,
        stack: Uint32Array.of(2),
        values: BigInt64Array.of(0x7fff_ffff_ffff_ffffn),
      },
    ],
  };
  return [cart, later, checkout];
}
