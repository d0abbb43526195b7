import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatOfName, guessFormat } from './guess-format.ts';

const corpus = join(import.meta.dirname, '../../../test/corpus');
const node = (name: string, value: number, children: number) => [name.length, ...Buffer.from(name), value, children];

test('files of every format are told apart by their content', () => {
  const read = (file: string) => readFileSync(join(corpus, file));
  const long = Buffer.from('main;ä;work 3\n'.repeat(10_000));
  const cases: readonly (readonly [Uint8Array, string | undefined])[] = [
    [read('text/bank_cpu.folded'), 'groups'],
    [long, 'groups'],
    [Buffer.from('main;work\nmain;idle\n'), 'lines'],
    [read('text/bank.sampled.speedscope.json'), 'speedscope'],
    [Buffer.from('# x\napp 1 [0] 1.5: 10 cycles:u: \n\t ffff main+0x1 (/bin/app)\n'), 'perf'],
    [Buffer.from([...node('', 0, 1), ...node('a', 1, 0)]), 'tree'],
    [Buffer.from([...node('', 0, 1), ...node('a;', 1, 1), ...node('b', 300 & 0x7f, 0)]), 'tree'],
    [read('malformed/plain_not_gzip.pb'), 'pprof'],
    [Buffer.from('notes, and nothing else'), undefined],
    [Buffer.from('a 1\nb\n'), undefined],
    [Buffer.from('FLR\0\0\x02'), 'jfr'],
    [Buffer.from(''), undefined],
    [Buffer.from([0, 9, 9]), undefined],
    [read('malformed/random.bin'), undefined],
  ];
  for (const [bytes, format] of cases)
    assert.equal(guessFormat(bytes), format, Buffer.from(bytes.subarray(0, 40)).toString());
});

test('names say it by how they end', () => {
  const cases = {
    'a.JFR': 'jfr',
    'x.folded.gz': 'groups',
    'p.pprof': 'pprof',
    'p.pb.gz': undefined,
    json: 'speedscope',
  };
  for (const [name, format] of Object.entries(cases)) assert.equal(formatOfName(name), format, name);
});
