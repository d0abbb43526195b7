/** Every decoder of what comes from outside, with small sound input that damage is done to. */

import { gzipSync } from 'node:zlib';
import {
  decodeJfr,
  decodeOtlp,
  decodePprof,
  decodeStacks,
  encodePprof,
  inflate,
  normalizeProfile,
  type StackFormat,
} from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { type TestEvent, testRecording } from '../../libs/formats/src/jfr/jfr-builder.test-support.ts';
import { encodeOtlp } from '../../libs/formats/src/otlp/encode-otlp.test-support.ts';

export interface FuzzedDecoder {
  readonly inputs: readonly Uint8Array[];
  /** Decodes and normalises, as the way in does. */
  readonly decode: (bytes: Uint8Array) => void;
}

const LIMITS = { samplesMax: 250_000, stackDepthMax: 1_000 };
const FOLDED = 'main;handle request;work 60\nmain;idle 40\nmain;wörk;a::b<c>(d) 900719925\n';

const stacks = (format: StackFormat, inputs: readonly (string | readonly number[])[]): FuzzedDecoder => ({
  inputs: inputs.map((input) => Buffer.from(input)),
  decode: (bytes) => {
    for (const { profile } of decodeStacks(bytes, format, { kind: 'cpu', sampleRate: 100, ...LIMITS }))
      normalizeProfile(profile);
  },
});

const node = (name: string, value: number, children: number) => [name.length, ...Buffer.from(name), value, children];
const TREE = [
  ...node('', 0, 2),
  ...node('main', 1, 2),
  ...node('work', 2, 0),
  ...node('c;', 0, 1),
  ...node('d', 4, 0),
  ...node('e', 8, 0),
];

const SPEEDSCOPE = JSON.stringify({
  $schema: 'https://www.speedscope.app/file-format-schema.json',
  shared: { frames: [{ name: 'a', file: 'a.ts', line: 3 }, { name: 'b "é\u2028"' }] },
  profiles: [
    {
      type: 'sampled',
      name: 's',
      unit: 'seconds',
      startValue: 0,
      endValue: 3,
      samples: [[0], [0, 1], []],
      weights: [1, 0.5, 2],
    },
    {
      type: 'evented',
      name: 'e',
      unit: 'none',
      startValue: 0,
      endValue: 4,
      events: [0, 1, 1, 0].map((frame, i) => ({ type: i < 2 ? 'O' : 'C', frame, at: i })),
    },
  ],
});

const PERF = `# cmdline
my app 1/2 [003] 10.5: 250 cpu-clock:uhH:
\tffff a::b(int, char)+0x1f (/lib/x (deleted))
\t12 [unknown] (/usr/lib/libc.so.6)

other 7 11.0:  750 cycles:u:
\t12 main+0x0 (/bin/x)
`;

const STACK = [
  { class: 'app/Main', method: 'run', line: 12 },
  { class: '', method: 'start_thread' },
];
const EVENTS: readonly TestEvent[] = [
  { type: 'jdk.ActiveSetting', fields: { name: 'event', value: 'wall' } },
  {
    type: 'jdk.ExecutionSample',
    stack: STACK,
    state: 'STATE_RUNNABLE',
    fields: { contextId: 1, spanId: 5, spanName: 1 },
  },
  { type: 'profiler.WallClockSample', stack: STACK, state: 'STATE_SLEEPING', fields: { samples: 3 } },
  { type: 'jdk.JavaMonitorEnter', stack: STACK.slice(1), fields: { duration: 1_000 } },
  { type: 'profiler.Malloc', stack: STACK, fields: { size: 64 } },
  { type: 'jdk.CPULoad' },
];
/** LabelsSnapshot: strings 1 "op", 2 "pay"; context 1 is {op: pay}. */
const SNAPSHOT = Buffer.from('0a0a080112060a04080110021206080112026f70120708021203706179', 'hex');

const folded = decodeStacks(Buffer.from(FOLDED), 'groups', { kind: 'cpu', sampleRate: 100, ...LIMITS });
const columns = { ...folded[0].profile, timeNanos: 1_795_208_400_000_000_000n };
const pprof = encodePprof(columns);
const OTLP_JSON = JSON.stringify({
  resourceProfiles: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeProfiles: [
        {
          profiles: [
            {
              sampleType: { typeStrindex: 1, unitStrindex: 2 },
              samples: [{ stackIndex: 1, values: ['7'], timestampsUnixNano: ['1795208400000000000'] }],
              timeUnixNano: '1795208400000000000',
              profileId: 'AAECAwQFBgcICQoLDA0ODw==',
            },
          ],
        },
      ],
    },
  ],
  dictionary: {
    stringTable: ['', 'samples', 'count', 'main'],
    functionTable: [{}, { nameStrindex: 3 }],
    locationTable: [{}, { lines: [{ functionIndex: 1, line: '5' }] }],
    stackTable: [{}, { locationIndices: [1] }],
    mappingTable: [{}],
    linkTable: [{}],
    attributeTable: [{}],
  },
});

/** Each profile of a request may be refused alone. */
function readOtlp(bytes: Uint8Array, form: 'proto' | 'json'): void {
  for (const member of decodeOtlp(bytes, form, { ...LIMITS, sampleLabelsMax: 100 }).members) {
    try {
      for (const { pprof: part } of member.read().parts) normalizeProfile(part);
    } catch (error) {
      if (!(error instanceof FlamelakeError)) throw error;
    }
  }
}

export const DECODERS: Readonly<Record<string, FuzzedDecoder>> = {
  groups: stacks('groups', [FOLDED]),
  lines: stacks('lines', [FOLDED, 'a;b\na;b\r\n\nc\n']),
  tree: stacks('tree', [TREE]),
  trie: stacks('trie', [TREE, [...node('ma', 0, 1), ...node('in;', 1, 2), ...node('wo', 2, 0), ...node('ö;', 3, 0)]]),
  speedscope: stacks('speedscope', [SPEEDSCOPE]),
  perf: stacks('perf', [PERF]),
  jfr: {
    inputs: [
      testRecording([{ events: EVENTS }]),
      testRecording([{ events: EVENTS.slice(0, 2) }, { events: EVENTS.slice(2) }]),
    ],
    decode: (bytes) => {
      const profiles = decodeJfr(bytes, { sampleRate: 100, labels: SNAPSHOT, ...LIMITS });
      for (const { profile } of profiles) normalizeProfile(profile);
    },
  },
  'jfr labels': {
    inputs: [SNAPSHOT],
    decode: (bytes) => void decodeJfr(SMALL_RECORDING, { sampleRate: 100, labels: bytes, ...LIMITS }),
  },
  otlp: {
    inputs: (['v1.8', 'v1.10'] as const).map((schema) =>
      encodeOtlp(columns, { schema, isPacked: schema === 'v1.8', attributes: { 'service.name': 'shop' } }),
    ),
    decode: (bytes) => readOtlp(bytes, 'proto'),
  },
  'otlp json': {
    inputs: [Buffer.from(OTLP_JSON)],
    decode: (bytes) => readOtlp(bytes, 'json'),
  },
  pprof: {
    inputs: [pprof],
    decode: (bytes) => void normalizeProfile(decodePprof(bytes)),
  },
  gzip: {
    inputs: [gzipSync(pprof)],
    decode: (bytes) => void inflate(bytes, { bytesMax: 1_000_000 }),
  },
};

const SMALL_RECORDING = testRecording([{ events: EVENTS.slice(1, 2) }]);
