/** Which events become which samples, in recordings made by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringAt } from '../string-column.ts';
import { decodeJfr } from './decode-jfr.ts';
import { type TestChunk, type TestEvent, testRecording } from './jfr-builder.test-support.ts';

const options = { sampleRate: 100, samplesMax: 1_000, stackDepthMax: 100 };
const MAIN = { class: 'app/Main', method: 'run', line: 12 };
const WORK = { class: 'app/Wörk', method: 'do', line: 3 };

/** Values by profile type, label set and stack (root first). */
function read(chunks: readonly TestChunk[], labels?: Uint8Array, more: Partial<typeof options> = {}) {
  const found: Record<string, bigint> = {};
  for (const { name, labels: own, profile } of decodeJfr(testRecording(chunks), { ...options, ...more, labels })) {
    const { strings, functions, locations } = profile.symbols;
    const frame = (location: number) =>
      `${stringAt(strings, functions.name[locations.lineFunction[location]])}:${locations.lineNumber[location]}`;
    for (let s = 0; s < profile.sampleCount; s++) {
      const { start, locations: all } = profile.stacks;
      const stack = [...all.subarray(start[s], start[s + 1])].reverse().map(frame).join(';');
      const pairs: string[] = own.map((label) => `${label.name}=${label.value}`);
      for (let l = profile.labels.start[s]; l < profile.labels.start[s + 1]; l++) {
        pairs.push(`${stringAt(strings, profile.labels.key[l])}=${stringAt(strings, profile.labels.text[l])}`);
      }
      profile.sampleTypes.forEach(({ type, unit }, t) => {
        const period = profile.periodType === undefined ? '' : `${profile.periodType.type}:${profile.periodType.unit}`;
        const key = `${name}:${type}:${unit}:${period} {${pairs.join()}} ${stack}`;
        found[key] = (found[key] ?? 0n) + profile.values[s * profile.sampleTypes.length + t];
      });
    }
  }
  return found;
}

const setting = (engine: string): TestEvent => ({
  type: 'jdk.ActiveSetting',
  fields: { name: 'event', value: engine },
});
const sample = (state: string, type: TestEvent['type'] = 'jdk.ExecutionSample', samples = 1): TestEvent => ({
  type,
  stack: [WORK, MAIN],
  state,
  fields: { samples },
});
const STACK = 'app/Main.run:12;app/Wörk.do:3';

test('samples of a CPU engine are CPU time unless the thread slept; constants may come behind', () => {
  const events = [setting('itimer'), sample('STATE_RUNNABLE'), sample('STATE_DEFAULT'), sample('STATE_SLEEPING')];
  const load: TestEvent = { type: 'jdk.CPULoad' };
  assert.deepEqual(read([{ events: [load, ...events] }]), {
    [`process_cpu:cpu:nanoseconds:cpu:nanoseconds {jfr_event=itimer} ${STACK}`]: 20_000_000n,
  });
});

test('samples of the wall engine are wall time, running or not, and CPU time unless the thread slept', () => {
  const events = [setting('wall'), sample('STATE_RUNNABLE'), sample('STATE_SLEEPING')];
  assert.deepEqual(read([{ events }], undefined, { sampleRate: 1_000 }), {
    [`process_cpu:cpu:nanoseconds:cpu:nanoseconds {jfr_event=wall} ${STACK}`]: 1_000_000n,
    [`wall:wall:nanoseconds:wall:nanoseconds {jfr_event=wall} ${STACK}`]: 2_000_000n,
  });
});

test('samples of the wall clock count several; running ones are CPU time only when no other engine takes it', () => {
  const wall = (state: string, samples: number) => sample(state, 'profiler.WallClockSample', samples);
  const events = [wall('STATE_RUNNABLE', 2), wall('STATE_SLEEPING', 5)];
  assert.deepEqual(read([{ events: [setting('wall'), ...events] }]), {
    [`process_cpu:cpu:nanoseconds:cpu:nanoseconds {jfr_event=wall} ${STACK}`]: 20_000_000n,
    [`wall:wall:nanoseconds:wall:nanoseconds {jfr_event=wall} ${STACK}`]: 70_000_000n,
  });
  assert.deepEqual(Object.values(read([{ events: [setting('cpu'), ...events] }])), [70_000_000n]);
});

test('events that are counted have their second value', () => {
  const stack = [{ class: '', method: 'malloc' }];
  const event = (type: TestEvent['type'], fields: TestEvent['fields'] = {}): TestEvent => ({ type, stack, fields });
  const events = [
    event('jdk.ObjectAllocationInNewTLAB', { allocationSize: 16, tlabSize: 1_000 }),
    event('jdk.ObjectAllocationInNewTLAB', { allocationSize: 16, tlabSize: 2 ** 40 }),
    event('jdk.ObjectAllocationOutsideTLAB', { allocationSize: 300 }),
    event('jdk.ObjectAllocationSample', { weight: 5_000 }),
    event('jdk.JavaMonitorEnter', { duration: 2_500 }),
    event('jdk.ThreadPark', { duration: 500 }),
    event('profiler.LiveObject'),
    event('profiler.Malloc', { size: 64 }),
  ];
  assert.deepEqual(read([{ events, ticksPerSecond: 2.5e9 }]), {
    'memory:alloc_in_new_tlab_objects:count:space:bytes {} malloc:0': 2n,
    'memory:alloc_in_new_tlab_bytes:bytes:space:bytes {} malloc:0': 2n ** 40n + 1_000n,
    'memory:alloc_outside_tlab_objects:count:space:bytes {} malloc:0': 1n,
    'memory:alloc_outside_tlab_bytes:bytes:space:bytes {} malloc:0': 300n,
    'memory:alloc_sample_objects:count:space:bytes {} malloc:0': 1n,
    'memory:alloc_sample_bytes:bytes:space:bytes {} malloc:0': 5_000n,
    'mutex:contentions:count:mutex:count {} malloc:0': 1n,
    'mutex:delay:nanoseconds:mutex:count {} malloc:0': 1_000n,
    'block:contentions:count:block:count {} malloc:0': 1n,
    'block:delay:nanoseconds:block:count {} malloc:0': 200n,
    'memory:live:count:objects:count {} malloc:0': 1n,
    'memory:malloc_objects:count: {} malloc:0': 1n,
    'memory:malloc_bytes:bytes: {} malloc:0': 64n,
  });
});

/** LabelsSnapshot: strings 1 "op", 2 "pay", 3 "GET /"; context 7 is {op: pay}. */
const SNAPSHOT = Buffer.from(
  '0a0a0807' +
    '1206' +
    '0a0408011002' +
    '12060801' +
    '12026f70' +
    '12070802' +
    '1203706179' +
    '12090803' +
    '1205474554202f',
  'hex',
);

test('contexts and spans become labels', () => {
  const event = (fields: TestEvent['fields']): TestEvent => ({
    type: 'jdk.ExecutionSample',
    stack: [MAIN],
    fields: fields ?? {},
  });
  const spanId = 0xfedc_ba98_7654_3210n;
  const events = [
    event({ contextId: 7 }),
    event({ contextId: 8 }),
    event({ contextId: 7, spanId, spanName: 3, traceIdLo: 255n }),
  ];
  const cpu = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
  assert.deepEqual(read([{ events }], SNAPSHOT), {
    [`${cpu} {op=pay} app/Main.run:12`]: 10_000_000n,
    [`${cpu} {} app/Main.run:12`]: 10_000_000n,
    [`${cpu} {op=pay,profile_id=fedcba9876543210,span_name=GET /,trace_id=${'ff'.padStart(32, '0')}} app/Main.run:12`]:
      10_000_000n,
  });
});

test('chunks add up, each by constants and clock of its own', () => {
  const chunk = (stack: TestEvent['stack'], ticksPerSecond: number): TestChunk => ({
    events: [{ type: 'jdk.ThreadPark', stack: stack ?? [], fields: { duration: 100 } }],
    ticksPerSecond,
  });
  const found = read([chunk([MAIN], 1e9), chunk([WORK, MAIN], 1e8), chunk([MAIN], 1e8)]);
  assert.equal(found['block:delay:nanoseconds:block:count {} app/Main.run:12'], 1_100n);
  assert.equal(found[`block:delay:nanoseconds:block:count {} ${STACK}`], 1_000n);
});

test('deep stacks keep their root side, and one frame more than wanted', () => {
  const stack = Array.from({ length: 10 }, (_, i) => ({ class: 'a', method: `m${i}` }));
  const [key] = Object.keys(
    read([{ events: [{ type: 'profiler.LiveObject', stack }] }], undefined, { stackDepthMax: 3 }),
  );
  assert.match(key ?? '', / a\.m9:0;a\.m8:0;a\.m7:0;a\.m6:0$/);
});
