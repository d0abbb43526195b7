/**
 * Decodes flight recordings of async-profiler, the Java agent and the JDK: chunk by chunk, each by its own metadata. A chunk is walked
 * twice: for its constants, which may come behind the events that refer to them, and for its events.
 */
import { type Label } from '@flamelake/model';
import type { NamedProfile } from '../named-profile.ts';
import { nanosOfSample } from '../text/stack-profile.ts';
import { CHUNK_HEADER_BYTES, type ChunkHeader, readChunkHeader } from './chunk-header.ts';
import { ConstantPools } from './constant-pools.ts';
import { planEvents } from './event-readers.ts';
import { planFields, readFields } from './field-plan.ts';
import { JFR_PROFILES, type JfrProfileKind, SETTING_EVENT } from './jfr-events.ts';
import { type JfrMetadata, readMetadata } from './jfr-metadata.ts';
import { createProfiles } from './jfr-profile.ts';
import { JfrReader, malformedJfr } from './jfr-reader.ts';
import { JfrSamples } from './jfr-samples.ts';
import { createTexts, JfrStacks, POOLED_CLASSES } from './jfr-stacks.ts';
import { LabelSets } from './label-sets.ts';
import { decodeLabelsSnapshot, NO_CONTEXTS } from './labels-snapshot.ts';

const CONSTANTS_TYPE = 1;
const EVENT_LABEL = 'jfr_event';

export interface DecodeJfrOptions {
  /** Samples of time a second, Hz; at 0 they count nothing. */
  readonly sampleRate: number;
  /** The labels sent beside the recording, without gzip. */
  readonly labels?: Uint8Array | undefined;
  /** Most samples of a profile accepted, equal ones counted once. */
  readonly samplesMax: number;
  /** Frames of a stack that are wanted. */
  readonly stackDepthMax: number;
}

/**
 * @param bytes - without gzip; not kept
 * @returns a profile for each kind of event there is, with the time of the recording; all share their symbols
 * @throws {FlamelakeError} `invalid_argument` when the bytes are no recording, or hold more than the limits allow
 */
export function decodeJfr(bytes: Uint8Array, options: DecodeJfrOptions): NamedProfile[] {
  const reader = new JfrReader(bytes);
  const nanosPerSample = nanosOfSample(options.sampleRate);
  const labelSets = new LabelSets(options.labels === undefined ? NO_CONTEXTS : decodeLabelsSnapshot(options.labels));
  const stacks = new JfrStacks(options.stackDepthMax);
  const samples = new Map<JfrProfileKind, JfrSamples>();
  const samplesOf = (kind: JfrProfileKind) => {
    const known = samples.get(kind);
    if (known !== undefined) return known;
    const made = new JfrSamples(options.samplesMax);
    samples.set(kind, made);
    return made;
  };
  let engine = '';
  let timeNanos: bigint | undefined;
  let durationNanos = 0n;
  let start = 0;
  do {
    const header = readChunkHeader(reader, start);
    reader.end = header.end;
    reader.at = header.metadata;
    const metadata = readMetadata(reader);
    const pools = new ConstantPools(metadata, POOLED_CLASSES);
    engine = readConstants(reader, header, metadata, pools) ?? engine;
    const readers = planEvents(metadata, {
      engine,
      stackOf: stacks.chunk(reader, metadata, pools),
      stateOf: createTexts(reader, metadata, pools).state,
      ticksPerNano: header.ticksPerSecond / 1e9,
      labelSets,
      samplesOf,
    });
    forEachEvent(reader, header, (type, end) => readers.get(type)?.(reader, end));
    timeNanos ??= header.startNanos;
    durationNanos += header.durationNanos;
    start = header.end;
  } while (start < bytes.length);
  const labels: Label[] = engine === '' ? [] : [{ name: EVENT_LABEL, value: engine }];
  const profiles = createProfiles(stacks, labelSets, { timeNanos, durationNanos, nanosPerSample });
  return [...samples].map(([kind, rows]) => ({ name: JFR_PROFILES[kind].name, labels, profile: profiles(kind, rows) }));
}

/** Fills the pools; returns the engine that the settings name, if they do. */
function readConstants(
  reader: JfrReader,
  header: ChunkHeader,
  metadata: JfrMetadata,
  pools: ConstantPools,
): string | undefined {
  const setting = metadata.byName.get(SETTING_EVENT);
  const offsets: number[] = [];
  forEachEvent(reader, header, (type) => {
    if (type === CONSTANTS_TYPE) pools.read(reader);
    else if (type === setting?.id) offsets.push(reader.at);
  });
  if (setting === undefined) return undefined;
  const plan = planFields(metadata, setting, [], ['name', 'value']);
  const texts = createTexts(reader, metadata, pools);
  const slots = new Float64Array(2);
  let engine: string | undefined;
  for (const offset of offsets) {
    slots.fill(0);
    reader.at = offset;
    readFields(reader, plan, slots, plan.wantedSteps);
    const [name, value] = slots;
    if (name !== 0 && value !== 0 && texts.at(name) === 'event') engine = texts.at(value);
  }
  return engine;
}

/** @param visit - gets the type, with the reader behind it, and the offset behind the event */
function forEachEvent(reader: JfrReader, header: ChunkHeader, visit: (type: number, end: number) => void): void {
  for (let at = header.start + CHUNK_HEADER_BYTES; at < header.end; ) {
    reader.at = at;
    const size = reader.varint();
    const end = at + size;
    if (size === 0 || end > header.end)
      throw malformedJfr('event of a recording has a wrong size', { offset: at, size });
    visit(reader.varint(), end);
    at = end;
  }
}
