import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePprof } from './index.ts';

/** A length-delimited field: a tag and what it holds, all as hex. Lengths stay below 128. */
function field(tag: string, ...parts: readonly string[]): string {
  const body = parts.join('');
  return tag + (body.length / 2).toString(16).padStart(2, '0') + body;
}

const bytesOf = (...fields: readonly string[]) => Buffer.from(fields.join(''), 'hex');
const sample = (...parts: readonly string[]) => field('12', ...parts);
const location = (...parts: readonly string[]) => field('22', ...parts);
const fn = (...parts: readonly string[]) => field('2a', ...parts);
const label = (...parts: readonly string[]) => field('1a', ...parts);

/** Strings "", "cpu" and "u", and a sample type of them. */
const STRINGS = field('32') + field('32', '637075') + field('32', '75');
const TYPE = field('0a', '0801', '1002');
const VALUE_5 = field('12', '05');
const LINE_OF_1 = field('22', '0801');
const FUNCTION_1 = fn('0801', '1001');
const MINUS_ONE = 'ffffffffffffffffff01';

test('packed and single numbers, in any order, are the same', () => {
  const symbols = location('0801', LINE_OF_1) + location('0802', LINE_OF_1) + FUNCTION_1;
  const packed = decodePprof(bytesOf(TYPE, sample(field('0a', '0102'), VALUE_5), symbols, STRINGS));
  const single = decodePprof(bytesOf(STRINGS, symbols, sample('1005', '0801', '0802'), TYPE));
  assert.deepEqual(single, packed);
  assert.deepEqual([...packed.stacks.locations], [0, 1]);
  assert.deepEqual([...packed.values], [5n]);
});

test('ids may be sparse and past 2^53, as addresses are', () => {
  for (const id of ['808001', '80808008', 'ffffffff0f', '8080808080808001', MINUS_ONE]) {
    const { stacks, symbols } = decodePprof(
      bytesOf(
        TYPE,
        sample(`08${id}`, VALUE_5),
        location('0807', LINE_OF_1),
        location(`08${id}`, LINE_OF_1),
        FUNCTION_1,
        STRINGS,
      ),
    );
    assert.deepEqual([...stacks.locations], [1], id);
    assert.equal(symbols.locations.count, 2);
  }
});

test('lines are clamped to 32 bits, addresses and values are whole', () => {
  const past32 = '808080808001';
  const { symbols, values } = decodePprof(
    bytesOf(
      TYPE,
      sample(`10${MINUS_ONE}`),
      sample(`10${past32}`),
      location('0801', `18${MINUS_ONE}`, field('22', '0801', `10${past32}`), field('22', '0801', `10${MINUS_ONE}`)),
      fn('0801', `28${MINUS_ONE}`),
      fn('0802', `28${past32}`),
      fn('0803', '2880808080f0ffffffff01'),
      STRINGS,
    ),
  );
  assert.deepEqual([...values], [-1n, 2n ** 35n]);
  assert.deepEqual([...symbols.functions.startLine], [-1, 0x7fffffff, -0x80000000]);
  assert.deepEqual([...symbols.locations.address], [2n ** 64n - 1n]);
  assert.deepEqual([...symbols.locations.lineNumber], [0x7fffffff, -1]);
});

test('functions without ids are repaired only when asked for', () => {
  const line = field('22');
  const bytes = bytesOf(
    TYPE,
    sample('0802', VALUE_5),
    location('0801', line),
    location('0802', line),
    fn('1001'),
    fn('1002'),
    STRINGS,
  );
  assert.throws(() => decodePprof(bytes), { code: 'invalid_argument' });
  const { stacks, symbols } = decodePprof(bytes, { repairFunctionIds: true });
  assert.equal(symbols.functions.name[symbols.locations.lineFunction[stacks.locations[0]]], 2);
});

test("limits on samples and on their labels are the caller's", () => {
  const samples = bytesOf(TYPE, sample(VALUE_5), sample(VALUE_5), STRINGS);
  assert.equal(decodePprof(samples, { samplesMax: 2 }).sampleCount, 2);
  assert.throws(() => decodePprof(samples, { samplesMax: 1 }), {
    code: 'invalid_argument',
    details: { kind: 'samples', limit: 1 },
  });
  const labels = bytesOf(TYPE, sample(VALUE_5, label('0801', '1002'), label('0801', '1001')), STRINGS);
  assert.deepEqual([...decodePprof(labels, { sampleLabelsMax: 2 }).labels.text], [2, 1]);
  assert.throws(() => decodePprof(labels, { sampleLabelsMax: 1 }), { code: 'invalid_argument' });
});

test('strings are refused where one is not utf-8, even if their sum is', () => {
  const split = [field('32', '61c3'), field('32', 'a961')];
  assert.throws(() => decodePprof(bytesOf(TYPE, STRINGS, ...split)), { message: 'profile string is not utf-8' });
  assert.throws(() => decodePprof(bytesOf(TYPE, STRINGS, field('32', '616161616161616161ff'))), {
    message: 'profile string is not utf-8',
  });
  const whole = decodePprof(bytesOf(TYPE, STRINGS, field('32', 'c3a9'), field('32', '6161616161616161c3a9')));
  assert.equal(whole.symbols.strings.count, 5);
});

test('one profile leaves nothing behind in the next', () => {
  const full = [TYPE, sample('0801', VALUE_5, label('0801', '1002')), location('0801', LINE_OF_1), FUNCTION_1, STRINGS];
  const plain = bytesOf(TYPE, STRINGS);
  const alone = decodePprof(plain);
  const kept = decodePprof(bytesOf(...full, '480a', '6801'));
  const copy = structuredClone(kept);
  assert.throws(() => decodePprof(bytesOf(...full, '48')), { code: 'invalid_argument' });
  assert.deepEqual(decodePprof(plain), alone);
  assert.deepEqual(kept, copy);
});
