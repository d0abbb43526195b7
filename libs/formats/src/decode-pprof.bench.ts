/**
 * Decoding pprof against protobufjs, whose code for a schema is the usual way: `node decode-pprof.bench.ts`.
 * Prints CPU microseconds a profile and the ratio, for the sets of test/bench/sets.json as far as FLAMELAKE_CORPUS or
 * test/corpus has them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { decodePprof, inflate, normalizeProfile } from './index.ts';

const ROUNDS = 7;
const ROUND_PROFILES = 400;
const BYTES_MAX = 33_554_432;
const ROOT = join(import.meta.dirname, '../../..');

/** Fields of a message: name, number, type; `*` marks a repeated one. */
const SCHEMA = {
  Profile:
    '*sampleType 1 ValueType, *sample 2 Sample, *mapping 3 Mapping, *location 4 Location, *function 5 Function, *stringTable 6 string, dropFrames 7 int64, keepFrames 8 int64, timeNanos 9 int64, durationNanos 10 int64, periodType 11 ValueType, period 12 int64, *comment 13 int64, defaultSampleType 14 int64',
  ValueType: 'type 1 int64, unit 2 int64',
  Sample: '*locationId 1 uint64, *value 2 int64, *label 3 Label',
  Label: 'key 1 int64, str 2 int64, num 3 int64, numUnit 4 int64',
  Mapping:
    'id 1 uint64, memoryStart 2 uint64, memoryLimit 3 uint64, fileOffset 4 uint64, filename 5 int64, buildId 6 int64, hasFunctions 7 bool, hasFilenames 8 bool, hasLineNumbers 9 bool, hasInlineFrames 10 bool',
  Location: 'id 1 uint64, mappingId 2 uint64, address 3 uint64, *line 4 Line, isFolded 5 bool',
  Line: 'functionId 1 uint64, line 2 int64',
  Function: 'id 1 uint64, name 2 int64, systemName 3 int64, filename 4 int64, startLine 5 int64',
};

function profileType(): protobuf.Type {
  const root = new protobuf.Root();
  for (const [name, fields] of Object.entries(SCHEMA)) {
    const message = new protobuf.Type(name);
    for (const field of fields.split(', ')) {
      const [label, id, type] = field.split(' ') as [string, string, string];
      const isRepeated = label.startsWith('*');
      message.add(new protobuf.Field(label.replace('*', ''), Number(id), type, isRepeated ? 'repeated' : undefined));
    }
    root.add(message);
  }
  // Generates the code that protobufjs' static target writes to a file.
  return root.lookupType('Profile').setup();
}

/** Least CPU time a call over some rounds, in microseconds. */
function measure(inputs: readonly Uint8Array[], run: (input: Uint8Array) => unknown): number {
  const calls = Math.max(1, Math.ceil(ROUND_PROFILES / inputs.length)) * inputs.length;
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) run(inputs[i % inputs.length]);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / calls);
  }
  return least;
}

const corpus = process.env['FLAMELAKE_CORPUS'] ?? join(ROOT, 'test/corpus');
const sets = JSON.parse(readFileSync(join(ROOT, 'test/bench/sets.json'), 'utf8')) as Record<string, string[]>;
const peer = profileType();
for (const [name, files] of Object.entries(sets)) {
  const present = files.filter((file) => existsSync(join(corpus, file)));
  const packed = present.map((file) => readFileSync(join(corpus, file)));
  const plain = packed.map((bytes) => inflate(bytes, { bytesMax: BYTES_MAX }));
  const bytesEach = plain.reduce((sum, { length }) => sum + length, 0) / plain.length;
  const decode = measure(plain, (bytes) => decodePprof(bytes));
  const peers = measure(plain, (bytes) => peer.decode(bytes));
  const steps: Record<string, number> = {
    inflate: measure(packed, (bytes) => inflate(bytes, { bytesMax: BYTES_MAX })),
    decode,
    'decode + normalize': measure(plain, (bytes) => normalizeProfile(decodePprof(bytes))),
    protobufjs: peers,
  };
  const times = Object.entries(steps).map(([step, us]) => `${step} ${us.toFixed(0)} µs`);
  console.log(
    `${name}: ${present.length} of ${files.length} profiles, of ${bytesEach.toFixed(0)} bytes: ${times.join(', ')}`,
  );
  console.log(
    `${name}: decode is ${(peers / decode).toFixed(1)} times as fast as protobufjs, ${(bytesEach / decode).toFixed(0)} MB/s`,
  );
}
