import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { systemClock } from '@flamelake/runtime';
import { parseAddressSource, watchAddresses } from './internal-addresses.ts';

test('addresses are read as a list or a name', () => {
  assert.deepEqual(parseAddressSource('a:1, b.c:65535,[::1]:9095'), { addresses: ['a:1', 'b.c:65535', '[::1]:9095'] });
  assert.deepEqual(parseAddressSource('dns:queriers.flamelake.svc:9095'), {
    name: 'queriers.flamelake.svc',
    port: 9_095,
  });
  assert.deepEqual(parseAddressSource('file:/etc/queriers'), { file: '/etc/queriers' });
  for (const text of [
    '',
    ',',
    'a',
    'a:0',
    'a:65536',
    'a:x',
    ':1',
    '::1:9095',
    'a b:1',
    'dns:',
    'dns:a',
    'file:',
    'dns:a:1,b:2',
  ]) {
    assert.throws(() => parseAddressSource(text), { code: 'invalid_argument' }, text);
  }
});

test('a list is told at once, sorted, each once', async () => {
  const told: (readonly string[])[] = [];
  const watch = watchAddresses(
    { addresses: ['b:1', 'a:1', 'b:1'] },
    { clock: systemClock, intervalMs: 1, onChange: (found) => told.push(found), onFailure: assert.fail },
  );
  assert.deepEqual(told, [['a:1', 'b:1']]);
  await watch.close();
});

test('a name is looked up again and again; changes are told, failures and emptiness change nothing', async () => {
  const answers: (readonly string[] | Error)[] = [
    new Error('no such name'),
    ['10.0.0.2', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.2'],
    [],
    new Error('timeout'),
    ['10.0.0.1', '::1'],
  ];
  const told: unknown[] = [];
  const last = Promise.withResolvers<void>();
  const watch = watchAddresses(
    { name: 'queriers.test', port: 7 },
    {
      clock: systemClock,
      intervalMs: 1,
      onChange: (found) => told.push(found),
      onFailure: (error) => told.push(error instanceof FlamelakeError && error.message),
      lookup: async (name) => {
        assert.equal(name, 'queriers.test');
        const answer = answers.shift();
        if (answer === undefined) {
          last.resolve();
          return ['10.0.0.1', '::1'];
        }
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
  );
  await last.promise;
  await watch.close();
  assert.deepEqual(told, [
    'addresses cannot be looked up',
    ['10.0.0.1:7', '10.0.0.2:7'],
    'there is no address now',
    'addresses cannot be looked up',
    ['10.0.0.1:7', '[::1]:7'],
  ]);
});

test('the system knows localhost', async () => {
  const found = Promise.withResolvers<readonly string[]>();
  const watch = watchAddresses(
    { name: 'localhost', port: 7 },
    { clock: systemClock, intervalMs: 60_000, onChange: found.resolve, onFailure: found.reject },
  );
  assert.ok((await found.promise).some((address) => address === '127.0.0.1:7' || address === '[::1]:7'));
  await watch.close();
});

test('a file is read again and again; one that is gone, empty, damaged or too large changes nothing', async () => {
  const folder = mkdtempSync(`${tmpdir()}/flamelake-addresses-`);
  const file = `${folder}/queriers`;
  const told: unknown[] = [];
  let next = Promise.withResolvers<void>();
  const tell = (what: unknown) => {
    // A failure is told at each look, a change once.
    if (told.at(-1) === what) return;
    told.push(what);
    next.resolve();
  };
  const watch = watchAddresses(
    { file },
    { clock: systemClock, intervalMs: 1, onChange: tell, onFailure: ({ message }) => tell(message) },
  );
  const write = async (text: string) => {
    next = Promise.withResolvers();
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    await next.promise;
  };
  await next.promise;
  await write('b:1 a:1\n');
  await write('\n');
  await write('a:1,b:2');
  await write('a:1\nb');
  await write('[::1]:3\n\ta:1,\n');
  await write('a:1 '.repeat(100_000));
  await watch.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(told, [
    'addresses cannot be looked up',
    ['a:1', 'b:1'],
    'there is no address now',
    ['a:1', 'b:2'],
    'addresses cannot be looked up',
    ['[::1]:3', 'a:1'],
    'addresses cannot be looked up',
  ]);
});
